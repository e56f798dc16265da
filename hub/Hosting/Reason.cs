using SyncHub.Protos.Trust;

namespace SyncHub.Hub;

/// <summary>Why a call was refused, for programs (google.rpc.ErrorInfo, domain synchub). A name never changes once it was sent; the text
/// beside it may, and says the way out.</summary>
internal static class Reason
{
    /// <summary>A field of the request is missing, too long or outside its range.</summary>
    public const string FieldInvalid = "FIELD_INVALID";

    /// <summary>The JSON body cannot be read.</summary>
    public const string BodyMalformed = "BODY_MALFORMED";

    /// <summary>A member id is not the 26 characters that one has.</summary>
    public const string MemberIdMalformed = "MEMBER_ID_MALFORMED";

    /// <summary>A case id is not the 26 characters that one has.</summary>
    public const string CaseIdMalformed = "CASE_ID_MALFORMED";

    /// <summary>The hub knows no such member.</summary>
    public const string MemberUnknown = "MEMBER_UNKNOWN";

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
