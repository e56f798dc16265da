using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SyncHub.Storage.Files;

namespace SyncHub.Storage.Sealing;

/// <summary>The keys of one sealed journal, from a small text file that lies apart from it, readable by its owner only.</summary>
/// <remarks>The newest key seals; older ones only open. The lookup key names documents by a keyed hash; it stays the same as long as the journal lives.</remarks>
public sealed class KeyRing
{
    private const int KeyBytes = 32;
    /// <summary>How the names of key files end.</summary>
    public const string Extension = ".keys";

    private const string LookupWord = "lookup";
    private const string Header = "# Keys of a SyncHub database. Without this file nothing in the database can be read. Keep a copy of it, apart from the copies of the database.";
    private readonly SortedDictionary<byte, byte[]> _keys;

    private KeyRing(string path, byte[] lookup, SortedDictionary<byte, byte[]> keys)
    {
        Path = path;
        Lookup = lookup;
        _keys = keys;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>The number of the key that seals.</summary>
    public byte Newest => _keys.Keys.Last();

    /// <summary>The numbers of all keys, oldest first.</summary>
    public IReadOnlyCollection<byte> Numbers => _keys.Keys;

    internal byte[] Lookup { get; }

    /// <summary>Opens the ring at <paramref name="path"/>; made, with one new key, where there is no file.</summary>
    /// <exception cref="JournalUnavailableException">The file is damaged, or others can read it; the message says what to do.</exception>
    public static KeyRing OpenOrCreate(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        if (!File.Exists(path))
        {
            new KeyRing(path, RandomNumberGenerator.GetBytes(KeyBytes), new() { [1] = RandomNumberGenerator.GetBytes(KeyBytes) }).Write();
        }

        return Open(path);
    }

    /// <summary>The ring of a journal: a new one only where there is no journal yet, because an old journal with new keys would be lost.</summary>
    /// <exception cref="JournalUnavailableException">As <see cref="Open"/>.</exception>
    public static KeyRing Of(string journalPath, string path) => File.Exists(journalPath) ? Open(path) : OpenOrCreate(path);

    /// <summary>The ring of a journal in a database: a new one only where the journal was never sealed, for the same reason.</summary>
    /// <exception cref="JournalUnavailableException">As <see cref="Open"/>.</exception>
    public static KeyRing Of(IJournal journal, string path)
    {
        ArgumentNullException.ThrowIfNull(journal);
        return journal.ReadDocument(SealMark.Collection, SealMark.Key) is null ? OpenOrCreate(path) : Open(path);
    }

    /// <summary>Where the ring of a journal file usually lies: beside it under its own name, or beside its folder under the folder's.</summary>
    public static IReadOnlyList<string> UsualPaths(string journalPath)
    {
        journalPath = System.IO.Path.GetFullPath(journalPath);
        return [System.IO.Path.ChangeExtension(journalPath, Extension), System.IO.Path.GetDirectoryName(journalPath) + Extension];
    }

    /// <summary>Opens the ring at <paramref name="path"/>.</summary>
    /// <exception cref="JournalUnavailableException">There is no such file, it is damaged, or others can read it; the message says what to do.</exception>
    public static KeyRing Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        ThrowIfOpenToOthers(path);
        byte[]? lookup = null;
        var keys = new SortedDictionary<byte, byte[]>();
        foreach (var line in ReadLines(path).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var words = line.Split(' ');
            var key = words.Length == 2 ? KeyOf(words[1]) : null;
            if (key is not null && words[0] == LookupWord && lookup is null)
            {
                lookup = key;
            }
            else if (key is null || !byte.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0 || !keys.TryAdd(number, key))
            {
                throw Damaged(path);
            }
        }

        return lookup is null || keys.Count == 0 ? throw Damaged(path) : new KeyRing(path, lookup, keys);
    }

    /// <summary>Adds a new key to the file: whoever opens the ring from now on seals with it.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="InvalidOperationException">All numbers were used.</exception>
    public byte Rotate()
    {
        if (Newest == byte.MaxValue)
        {
            throw new InvalidOperationException($"{Path} has used all of its {byte.MaxValue} key numbers.");
        }

        var number = (byte)(Newest + 1);
        _keys[number] = RandomNumberGenerator.GetBytes(KeyBytes);
        Write();
        return number;
    }

    /// <summary>Drops every key but the newest. What they sealed cannot be read any more: rewrite the journal first.</summary>
    public void DropOlder()
    {
        foreach (var number in _keys.Keys.SkipLast(1).ToArray())
        {
            CryptographicOperations.ZeroMemory(_keys[number]);
            _keys.Remove(number);
        }

        Write();
    }

    internal byte[]? Find(byte number) => _keys.GetValueOrDefault(number);

    // On the disk before anything is sealed with it.
    private void Write()
    {
        string[] lines = [Header, $"{LookupWord} {Convert.ToHexStringLower(Lookup)}", .. _keys.Select(key => string.Create(CultureInfo.InvariantCulture, $"{key.Key} {Convert.ToHexStringLower(key.Value)}"))];
        PrivateFile.Write(Path, Encoding.ASCII.GetBytes(string.Join('\n', lines) + "\n"));
    }

    private static byte[]? KeyOf(string hex)
    {
        try
        {
            var key = Convert.FromHexString(hex);
            return key.Length == KeyBytes ? key : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new JournalUnavailableException(JournalFault.Locked, $"{path}: there is no such key file. The database was sealed with keys that lie outside it: put their file back, from the copy that is kept apart from the database's.", fault);
        }
    }

    private static void ThrowIfOpenToOthers(string path)
    {
        if (PrivateFile.IsOpenToOthers(path))
        {
            throw new JournalUnavailableException(JournalFault.Locked, $"{path}: others can read these keys. Make it its owner's alone: chmod 600 {path}");
        }
    }

    private static JournalUnavailableException Damaged(string path) =>
        new(JournalFault.Corrupt, $"{path}: this key file is damaged. Put the right one back, from the copy that is kept apart from the database's.");
}
