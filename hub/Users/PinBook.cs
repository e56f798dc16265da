using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>PINs of users, and what each store gets of them.</summary>
/// <remarks>Thread-safe: documents of the journal, read at each use. A store hears of changes with the policy, at once where it is online.</remarks>
internal sealed class PinBook(IJournal journal, PinKeys keys)
{
    private const string Collection = "pin";
    private const string Users = "user";

    /// <summary>What to write of a new PIN, or to take it away.</summary>
    public DocumentWrite Put(string user, string pin)
    {
        if (pin.Length == 0)
        {
            return new DocumentWrite(Collection, KeyOf(user), null);
        }

        var salt = RandomNumberGenerator.GetBytes(PinCodec.SaltBytes);
        var sealedBytes = keys.Seal(user, PinCodec.Derive(pin, salt, PinCodec.Iterations));
        var document = new PinDocument { Name = user, Salt = ByteString.CopyFrom(salt), Iterations = PinCodec.Iterations, Sealed = ByteString.CopyFrom(sealedBytes) };
        return new DocumentWrite(Collection, KeyOf(user), document.ToByteArray());
    }

    /// <summary>Whether a user has a PIN.</summary>
    public bool Has(string user) => journal.ReadDocument(Collection, KeyOf(user)) is not null;

    /// <summary>Adds to a policy who may sign in at a store.</summary>
    public void AddTo(PolicyDelta policy, int store)
    {
        var pepper = keys.PepperOf(store);
        policy.PinPepper = ByteString.CopyFrom(pepper);
        foreach (var document in journal.ReadDocuments(Collection, default, default, int.MaxValue))
        {
            var pin = PinDocument.Parser.ParseFrom(document.Value);
            if (journal.ReadDocument(Users, document.Key) is { } bytes && UserDocument.Parser.ParseFrom(bytes) is { Disabled: false } user
                && (user.Stores.Count == 0 || user.Stores.Contains(store)) && keys.Open(user.Name, pin.Sealed.Span) is { } derived)
            {
                policy.Cashiers.Add(new CashierEntry { Name = user.Name, Role = user.Role, Salt = pin.Salt, Iterations = pin.Iterations, Verifier = ByteString.CopyFrom(PinCodec.Verifier(pepper, derived)) });
            }
        }
    }

    private static byte[] KeyOf(string user) => Encoding.UTF8.GetBytes(user.ToLowerInvariant());
}
