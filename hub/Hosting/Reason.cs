using SyncHub.Protos.Trust;

namespace SyncHub.Hub;

/// <summary>Why a call was refused, for programs (google.rpc.ErrorInfo, domain synchub). A name never changes once it was sent; the text
/// beside it may, and says the way out.</summary>
internal static class Reason
{
    /// <summary>A field of the request is missing, too long or outside its range.</summary>
    public const string FieldInvalid = "FIELD_INVALID";

    /// <summary>What a list goes on with has changed since the page before.</summary>
    public const string PageStale = "PAGE_STALE";

    /// <summary>The JSON body cannot be read.</summary>
    public const string BodyMalformed = "BODY_MALFORMED";

    /// <summary>A member id is not the 26 characters that one has.</summary>
    public const string MemberIdMalformed = "MEMBER_ID_MALFORMED";

    /// <summary>A case id is not the 26 characters that one has.</summary>
    public const string CaseIdMalformed = "CASE_ID_MALFORMED";

    /// <summary>The hub knows no such member.</summary>
    public const string MemberUnknown = "MEMBER_UNKNOWN";

    /// <summary>The stream or call is of another cell of the chain.</summary>
    public const string WrongCell = "WRONG_CELL";

    /// <summary>Members of different cells have this phone or card.</summary>
    public const string ContactTwice = "CONTACT_TWICE";

    /// <summary>The two members are in different cells, between which nothing moves.</summary>
    public const string CellsDiffer = "CELLS_DIFFER";

    /// <summary>A cell of the chain does not answer; the rest of the answer would be wrong without it.</summary>
    public const string CellAway = "CELL_AWAY";

    /// <summary>Another member has this phone or card.</summary>
    public const string ContactTaken = "CONTACT_TAKEN";

    /// <summary>A merge can be undone for an alias only.</summary>
    public const string NotAnAlias = "NOT_AN_ALIAS";

    /// <summary>The store has no agent.</summary>
    public const string StoreUnknown = "STORE_UNKNOWN";

    /// <summary>The store has an agent already.</summary>
    public const string StoreHasAgent = "STORE_HAS_AGENT";

    /// <summary>The case was closed before.</summary>
    public const string CaseClosed = "CASE_CLOSED";

    /// <summary>An op that was parked still cannot be decided.</summary>
    public const string OpStillUndecidable = "OP_STILL_UNDECIDABLE";

    /// <summary>The case is about no op that waits.</summary>
    public const string CaseWithoutOp = "CASE_WITHOUT_OP";

    /// <summary>The session or API token is missing, wrong or no longer good.</summary>
    public const string TokenWrong = "TOKEN_WRONG";

    /// <summary>A name, password or both are wrong.</summary>
    public const string CredentialsWrong = "CREDENTIALS_WRONG";

    /// <summary>Too many wrong names or passwords came lately; the detail says when to try again.</summary>
    public const string TooManyTries = "TOO_MANY_TRIES";

    /// <summary>There is no such user, or none whom the caller may change.</summary>
    public const string UserUnknown = "USER_UNKNOWN";

    /// <summary>There is a user of that name.</summary>
    public const string UserExists = "USER_EXISTS";

    /// <summary>Nobody changes his own role.</summary>
    public const string OwnRole = "OWN_ROLE";

    /// <summary>A program has no password.</summary>
    public const string NoPassword = "NO_PASSWORD";

    /// <summary>There is no such API token.</summary>
    public const string TokenUnknown = "TOKEN_UNKNOWN";

    /// <summary>The act needs two people: one asks, another one approves.</summary>
    public const string SecondPersonNeeded = "SECOND_PERSON_NEEDED";

    /// <summary>Whoever asked, or a program, cannot approve.</summary>
    public const string NotASecondPerson = "NOT_A_SECOND_PERSON";

    /// <summary>There is no such request for approval.</summary>
    public const string ApprovalUnknown = "APPROVAL_UNKNOWN";

    /// <summary>The request for approval was decided before, or is too old.</summary>
    public const string ApprovalOver = "APPROVAL_OVER";

    /// <summary>The store is not one of the caller's.</summary>
    public const string StoreNotYours = "STORE_NOT_YOURS";

    /// <summary>This hub runs without certificates.</summary>
    public const string NoCertificates = "NO_CERTIFICATES";

    /// <summary>A request for a certificate cannot be used.</summary>
    public const string CertificateRequestMalformed = "CERTIFICATE_REQUEST_MALFORMED";

    /// <summary>There is no such case.</summary>
    public const string CaseUnknown = "CASE_UNKNOWN";

    /// <summary>The member's state does not allow it; the text says why.</summary>
    public const string MemberRefuses = "MEMBER_REFUSES";

    /// <summary>The caller is known and may not do this.</summary>
    public const string PermissionMissing = "PERMISSION_MISSING";

    /// <summary>An enrolment code is wrong, used or too old.</summary>
    public const string CodeWrong = "CODE_WRONG";

    /// <summary>Too many wrong codes came lately; the detail says when to try again.</summary>
    public const string TooManyCodes = "TOO_MANY_CODES";

    /// <summary>The store is unknown, or its certificate is missing, revoked or another's.</summary>
    public const string StoreUnauthenticated = "STORE_UNAUTHENTICATED";

    /// <summary>This hub stands by; the metadata says where the one is that leads.</summary>
    public const string HubStandingBy = StandbyReasons.StandingBy;

    /// <summary>A call was forwarded by something that shows no hub's certificate.</summary>
    public const string ForwarderUnknown = "FORWARDER_UNKNOWN";

    /// <summary>This hub is being stopped.</summary>
    public const string HubStopping = StandbyReasons.Stopping;

    /// <summary>This hub cannot reach its database.</summary>
    public const string HubCutOff = StandbyReasons.CutOff;

    /// <summary>A stream did not begin with a Hello.</summary>
    public const string HelloExpected = "HELLO_EXPECTED";

    /// <summary>A Hello cannot be understood.</summary>
    public const string HelloMalformed = "HELLO_MALFORMED";

    /// <summary>A frame is not allowed where it came.</summary>
    public const string FrameOutOfPlace = "FRAME_OUT_OF_PLACE";
}
