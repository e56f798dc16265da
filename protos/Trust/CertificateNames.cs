using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using SyncHub.Core.Primitives;

namespace SyncHub.Protos.Trust;

/// <summary>What the certificates of the hub's authority say of their owner: a URI among the alternative names, because no machine's DNS name can be mistaken for one.</summary>
public static class CertificateNames
{
    /// <summary>The hub. A store's certificate never has it, so no store can pass for the hub.</summary>
    public const string Hub = "synchub://hub/";

    /// <summary>How far back a certificate's start is dated, so that a clock that is behind takes it for valid.</summary>
    public static readonly TimeSpan Backdated = TimeSpan.FromDays(1);

    private const string StorePrefix = "synchub://store/";
    private const string GivenPrefix = "synchub://given/";
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>A store's machine: the store, its life when the certificate was given, and the term of the hub that gave it.</summary>
    public static string OfStore(Holder holder, int term) => string.Create(CultureInfo.InvariantCulture, $"{StorePrefix}{holder.Store.Value}/life/{holder.Incarnation.Value}/term/{term}");

    /// <summary>Reads <see cref="OfStore"/>; null where the certificate is no store's.</summary>
    public static (Holder Holder, int Term)? ReadStore(X509Certificate2 certificate)
    {
        var uris = UrisOf(certificate);
        if (uris.Count != 1 || !uris[0].StartsWith(StorePrefix, StringComparison.Ordinal))
        {
            return null;
        }

        var parts = uris[0][StorePrefix.Length..].Split('/');
        return parts is [var store, "life", var life, "term", var term]
            && int.TryParse(store, NumberStyles.None, CultureInfo.InvariantCulture, out var storeNumber)
            && long.TryParse(life, NumberStyles.None, CultureInfo.InvariantCulture, out var lifeNumber)
            && int.TryParse(term, NumberStyles.None, CultureInfo.InvariantCulture, out var termNumber)
            ? (new Holder(new StoreId(storeNumber), new Incarnation(lifeNumber)), termNumber)
            : null;
    }

    /// <summary>Whether the certificate is the hub's.</summary>
    public static bool IsHub(X509Certificate2 certificate) => UrisOf(certificate).Contains(Hub, StringComparer.Ordinal);

    /// <summary>When a hub's certificate was given, and which ones are void by it.</summary>
    public static string OfGiven(long givenMs, long voidBeforeMs) => string.Create(CultureInfo.InvariantCulture, $"{GivenPrefix}{givenMs}/void-before/{voidBeforeMs}");

    /// <summary>Reads <see cref="OfGiven"/>. A certificate of before it was written into them was given when it says that it begins, and makes none void.</summary>
    /// <remarks>Only the authority can write it: whoever reads it has to make sure first that the certificate is the authority's, and a hub's.</remarks>
    public static (long GivenMs, long VoidBeforeMs) ReadGiven(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var parts = UrisOf(certificate).FirstOrDefault(uri => uri.StartsWith(GivenPrefix, StringComparison.Ordinal))?[GivenPrefix.Length..].Split('/');
        return parts is [var given, "void-before", var voided]
            && long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var givenMs)
            && long.TryParse(voided, NumberStyles.None, CultureInfo.InvariantCulture, out var voidBeforeMs)
            && voidBeforeMs <= givenMs // one that makes itself void would shut everybody out
            ? (givenMs, voidBeforeMs)
            : (new DateTimeOffset(certificate.NotBefore).Add(Backdated).ToUnixTimeMilliseconds(), 0);
    }

    private static List<string> UrisOf(X509Certificate2 certificate)
    {
        var uris = new List<string>();
        foreach (var extension in certificate.Extensions.Where(extension => extension.Oid?.Value == AlternativeNames))
        {
            try
            {
                var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (names.HasData)
                {
                    if (names.PeekTag().HasSameClassAndValue(UriTag))
                    {
                        uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag));
                    }
                    else
                    {
                        names.ReadEncodedValue();
                    }
                }
            }
            catch (AsnContentException)
            {
                return []; // not one of ours
            }
        }

        return uris;
    }
}
