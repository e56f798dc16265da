using System.Text.Json;
using SyncHub.Core.Primitives;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Hosting;

/// <summary>Who this agent is, and by which authority it knows its hub; kept in <c>identity.json</c> beside its database. No secret: what proves it is the <see cref="MachineKey"/>.</summary>
/// <param name="Store">The store's number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Incarnation">The life of its database that the hub began with the enrolment.</param>
/// <param name="Authority">The certificate of the hub's authority, PEM; empty where there are no certificates.</param>
public sealed record StoreIdentity(int Store, string Name, long Incarnation, string Authority)
{
    private const string FileName = "identity.json";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Where the hubs of the chain are, as somebody last said at enrolment or start; empty in identities of older versions.</summary>
    public IReadOnlyList<string> Hubs { get; init; } = [];

    /// <summary>The number of the cell that the folder is of.</summary>
    public int Cell { get; init; } = 1;

    /// <summary>How many cells the chain has.</summary>
    public int Cells { get; init; } = 1;

    /// <summary>The cell that the folder is of.</summary>
    internal Cell InCell => new(Cell, Cells);

    /// <summary>The store in this life of its database.</summary>
    internal Holder Holder => new(new StoreId(Store), new Incarnation(Incarnation));

    /// <summary>Whether a folder has an identity.</summary>
    public static bool ExistsIn(string dataDirectory) => File.Exists(Path.Combine(dataDirectory, FileName));

    /// <summary>Reads the identity of a data folder.</summary>
    /// <exception cref="AgentStartException">There is none, or it is damaged.</exception>
    public static StoreIdentity Read(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        try
        {
            var identity = JsonSerializer.Deserialize<StoreIdentity>(File.ReadAllText(path), Json);
            return identity is { Store: > 0, Incarnation: > 0, Authority: not null, Hubs: not null } && identity.InCell.IsValid ? identity : throw new JsonException("store, incarnation or authority is missing, or its cell is none.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new AgentStartException($"{path} cannot be used: {fault.Message} Enrol this store with a code from headquarters.", AgentStartException.BadOptions, fault);
        }
    }

    /// <summary>The hubs that a data folder and those of its other cells remember, as <see cref="AgentOptions.HubAddress"/> names them; empty where it remembers none, or has no identity that can be read.</summary>
    public static string HubsIn(string dataDirectory)
    {
        try
        {
            var cells = Read(dataDirectory).Cells;
            return string.Join(';', Enumerable.Range(1, cells).Select(number => string.Join(',', Read(CellFolders.PathOf(dataDirectory, number)).Hubs)));
        }
        catch (AgentStartException)
        {
            return ""; // whoever needs the identity says what is wrong with it
        }
    }

    /// <summary>Writes the identity, readable for this user only, whole or not at all.</summary>
    public void Write(string dataDirectory) => PrivateFile.Write(Path.Combine(dataDirectory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Json));

    /// <summary>Short: records print themselves into logs.</summary>
    public override string ToString() => $"store {Holder}";
}
