using Google.Protobuf;
using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using Wire = SyncHub.V1;

namespace SyncHub.Hub.Stores;

/// <summary>A store between the hub's journal and the registry.</summary>
internal static class StoreCodec
{
    /// <summary>The document of a store.</summary>
    public static byte[] Encode(Store store)
    {
        var wire = new Wire.StoreDocument
        {
            Store = store.Id.Value,
            Name = store.Name,
            Incarnation = store.Lives.Current.Value,
            HighestIncarnation = store.Lives.Highest.Value,
            CodeHash = UnsafeByteOperations.UnsafeWrap(store.CodeHash),
            CodeValidUntilMs = store.CodeValidUntilMs,
            Token = store.Lives.LastToken,
            Reconciling = store.IsReconciling,
            Version = store.Version,
            CodeRenews = store.CodeRenews,
        };
        wire.Keys.AddRange(store.Keys.Select(ToWire));
        wire.Lives.AddRange(store.Lives.All.Select(life => ToWire(life, withKeys: true)));
        return wire.ToByteArray();
    }

    /// <summary>Reads a store back.</summary>
    public static Store Decode(byte[] bytes)
    {
        var wire = Wire.StoreDocument.Parser.ParseFrom(bytes);
        var current = new Incarnation(wire.Incarnation);
        var lives = new StoreLives
        {
            Current = current,
            Highest = new Incarnation(Math.Max(wire.Incarnation, wire.HighestIncarnation)),
            LastToken = wire.Token,
            All = [.. wire.Lives.Select(ToCore)],
        };
        if (lives.All.Count == 0 && wire.Incarnation > 0)
        {
            // Written before lives were kept: one life, whose newest token the agent has or was sent.
            lives = lives.Put(new Life(current, LifeStatus.Living) { IssuedTokens = [wire.Token] });
        }

        return new Store(new StoreId(wire.Store), wire.Name)
        {
            Lives = lives,
            CodeHash = wire.CodeHash.Memory,
            CodeValidUntilMs = wire.CodeValidUntilMs,
            IsReconciling = wire.Reconciling,
            Version = wire.Version,
            CodeRenews = wire.CodeRenews,
            Keys = [.. wire.Keys.Select(ToCore)],
        };
    }

    /// <summary>A life; without what only hub and agent need to know where people read it.</summary>
    public static Wire.LifeState ToWire(Life life, bool withKeys)
    {
        var wire = new Wire.LifeState
        {
            Incarnation = life.Number.Value,
            Status = (Wire.LifeStatus)life.Status,
            BranchOf = life.BranchOf.Value,
            Release = (Wire.ReleaseKind)life.Release,
            Released = life.IsReleased,
            Approver = life.Approver,
            Payer = life.Payer,
        };
        if (withKeys)
        {
            wire.Device = UnsafeByteOperations.UnsafeWrap(life.Device.ToBytes());
            wire.Wish = UnsafeByteOperations.UnsafeWrap(life.Wish.ToBytes());
            wire.ConfirmedToken = life.ConfirmedToken;
            wire.IssuedTokens.AddRange(life.IssuedTokens);
        }

        return wire;
    }

    private static Wire.StoreKeyState ToWire(StoreKey key) => new()
    {
        PublicKey = UnsafeByteOperations.UnsafeWrap(key.PublicKey),
        Status = (Wire.StoreKeyStatus)key.Status,
        Life = key.Life.Value,
        CertifiedAtMs = key.CertifiedAtMs,
        ValidUntilMs = key.ValidUntilMs,
        EndedAtMs = key.EndedAtMs,
        EndedBy = key.EndedBy,
    };

    private static StoreKey ToCore(Wire.StoreKeyState wire) =>
        new(wire.PublicKey.Memory, (StoreKeyStatus)wire.Status, new Incarnation(wire.Life), wire.CertifiedAtMs, wire.ValidUntilMs) { EndedAtMs = wire.EndedAtMs, EndedBy = wire.EndedBy };

    private static Life ToCore(Wire.LifeState wire) => new(new Incarnation(wire.Incarnation), (LifeStatus)wire.Status)
    {
        Device = LifeKey.FromBytes(wire.Device.Span),
        Wish = LifeKey.FromBytes(wire.Wish.Span),
        ConfirmedToken = wire.ConfirmedToken,
        IssuedTokens = [.. wire.IssuedTokens],
        BranchOf = new Incarnation(wire.BranchOf),
        Release = (ReleaseKind)wire.Release,
        IsReleased = wire.Released,
        Approver = wire.Approver,
        Payer = wire.Payer,
    };
}
