using System.Security.Cryptography;
using SyncHub.Storage.Files;

namespace SyncHub.Hub;

/// <summary>Secrets that lie as files in the hub's folder and in no copy of its database.</summary>
internal static class SecretFile
{
    /// <summary>Reads a secret; made of random bytes where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">How many bytes it has.</param>
    /// <param name="loss">What is lost without the right file, as the end of a message.</param>
    /// <exception cref="ArgumentException">The file is damaged, or others can read it.</exception>
    public static byte[] ReadOrCreate(string path, int length, string loss)
    {
        if (!File.Exists(path))
        {
            PrivateFile.Write(path, RandomNumberGenerator.GetBytes(length));
        }

        DemandPrivate(path);
        var secret = File.ReadAllBytes(path);
        return secret.Length == length ? secret : throw new ArgumentException($"{path} is damaged: it must have {length} bytes. {loss}", nameof(path));
    }

    /// <summary>Nothing starts on a secret that others can read: it may be in their hands already.</summary>
    /// <exception cref="ArgumentException">Somebody but the owner can read it.</exception>
    public static void DemandPrivate(string path)
    {
        if (PrivateFile.IsOpenToOthers(path))
        {
            throw new ArgumentException($"{path} can be read by others than its owner. If nobody has copied it: chmod 600 {path}. Else it must be replaced.", nameof(path));
        }
    }
}
