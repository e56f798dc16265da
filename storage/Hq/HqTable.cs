namespace SyncHub.Storage.Hq;

/// <summary>What a column holds; each engine has a type of its own for it.</summary>
internal enum HqType
{
    /// <summary>A member's 16 bytes, or nothing.</summary>
    Id,

    /// <summary>64 bits, or nothing.</summary>
    Integer,

    /// <summary>Words.</summary>
    Text,

    /// <summary>Yes or no.</summary>
    Flag,
}

/// <summary>A column of a table of HQ.</summary>
internal sealed record HqColumn<T>(string Name, HqType Type, Func<T, object?> Value);

/// <summary>A table of HQ: its columns, of which the first ones are the key.</summary>
internal sealed record HqTable<T>(string Name, int Keys, params HqColumn<T>[] Columns);

/// <summary>The tables of HQ, alike in both engines.</summary>
internal static class HqSchema
{
    /// <summary>All tables, in the order in which they are emptied.</summary>
    public static readonly string[] Names = ["hq_member", "hq_wallet", "hq_lot", "hq_right_line", "hq_op", "hq_posting", "hq_case"];

    /// <summary>Tables with several rows of a member, of which any may go.</summary>
    public static readonly string[] PerMember = ["hq_wallet", "hq_lot", "hq_right_line"];

    public static readonly HqTable<HqMember> Members = new("hq_member", 1,
        new("member", HqType.Id, row => row.Member), new("version", HqType.Integer, row => row.Version), new("registered", HqType.Flag, row => row.IsRegistered), new("erased", HqType.Flag, row => row.IsErased),
        new("alias_of", HqType.Id, row => row.AliasOf), new("has_phone", HqType.Flag, row => row.HasPhone), new("has_card", HqType.Flag, row => row.HasCard), new("lifetime_spend", HqType.Integer, row => row.LifetimeSpendMinor),
        new("receivable", HqType.Integer, row => row.ReceivableMinor), new("followers", HqType.Integer, row => row.Followers), new("recorded_at_ms", HqType.Integer, row => row.RecordedAtMs));

    public static readonly HqTable<HqWallet> Wallets = new("hq_wallet", 2,
        new("member", HqType.Id, row => row.Member), new("bucket", HqType.Text, row => row.Bucket), new("asset", HqType.Text, row => row.Asset),
        new("total", HqType.Integer, row => row.TotalMinor), new("free", HqType.Integer, row => row.FreeMinor), new("at_stores", HqType.Integer, row => row.AtStoresMinor));

    public static readonly HqTable<HqLot> Lots = new("hq_lot", 4,
        new("member", HqType.Id, row => row.Member), new("origin_store", HqType.Integer, row => row.OriginStore), new("terms", HqType.Integer, row => row.Terms), new("expiry_day", HqType.Integer, row => row.ExpiryDay),
        new("total", HqType.Integer, row => row.TotalMinor), new("free", HqType.Integer, row => row.FreeMinor), new("at_stores", HqType.Integer, row => row.AtStoresMinor));

    public static readonly HqTable<HqRightLine> RightLines = new("hq_right_line", 4,
        new("member", HqType.Id, row => row.Member), new("store", HqType.Integer, row => row.Store), new("incarnation", HqType.Integer, row => row.Incarnation), new("bucket", HqType.Text, row => row.Bucket),
        new("granted", HqType.Integer, row => row.Granted), new("credited", HqType.Integer, row => row.Credited), new("debited", HqType.Integer, row => row.Debited),
        new("relinquished", HqType.Integer, row => row.Relinquished), new("disowned", HqType.Integer, row => row.Disowned), new("outstanding", HqType.Integer, row => row.Outstanding));

    public static readonly HqTable<HqOp> Ops = new("hq_op", 3,
        new("store", HqType.Integer, row => row.Op.Producer.Store), new("incarnation", HqType.Integer, row => row.Op.Producer.Incarnation), new("sequence", HqType.Integer, row => row.Op.Sequence),
        new("member", HqType.Id, row => row.Member), new("version", HqType.Integer, row => row.Version), new("position", HqType.Integer, row => row.Position), new("type", HqType.Text, row => row.Type),
        new("classification", HqType.Text, row => row.Classification), new("occurred_at_ms", HqType.Integer, row => row.OccurredAtMs), new("recorded_at_ms", HqType.Integer, row => row.RecordedAtMs),
        new("bill", HqType.Integer, row => row.BillMinor), new("money", HqType.Integer, row => row.MoneyMinor), new("points", HqType.Integer, row => row.Points));

    public static readonly HqTable<HqPosting> Postings = new("hq_posting", 4,
        new("member", HqType.Id, row => row.Member), new("version", HqType.Integer, row => row.Version), new("account", HqType.Text, row => row.Account), new("asset", HqType.Text, row => row.Asset),
        new("amount", HqType.Integer, row => row.AmountMinor));

    public static readonly HqTable<HqCase> Cases = new("hq_case", 1,
        new("id", HqType.Text, row => row.Id), new("kind", HqType.Text, row => row.Kind), new("opened_at_ms", HqType.Integer, row => row.OpenedAtMs), new("closed_at_ms", HqType.Integer, row => row.ClosedAtMs),
        new("member", HqType.Id, row => row.Member), new("store", HqType.Integer, row => row.Store), new("incarnation", HqType.Integer, row => row.Op?.Producer.Incarnation), new("sequence", HqType.Integer, row => row.Op?.Sequence),
        new("amount", HqType.Integer, row => row.AmountMinor), new("asset", HqType.Text, row => row.Asset), new("payer", HqType.Text, row => row.Payer));
}
