using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace SyncHub.Storage.Sqlite;

/// <summary>A few reading connections that all threads share.</summary>
/// <remarks>Thread rule: any thread. A read that finds all connections busy waits for one; none waits for the writer.</remarks>
internal sealed class ReaderPool(string path, SqliteJournalOptions options) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.Readers);
    private readonly ConcurrentStack<JournalReader> _idle = new();
    private volatile bool _isClosed;

    public T Read<T>(Func<JournalReader, T> read)
    {
        _free.Wait();
        JournalReader? reader = null;
        try
        {
            reader = Take();
            return read(reader);
        }
        catch (SqliteException error)
        {
            // A connection that saw an error is not used again.
            reader?.Dispose();
            reader = null;
            throw SqliteFaults.From(error, path);
        }
        finally
        {
            Return(reader);
            _free.Release();
        }
    }

    /// <summary>Closes the idle connections; one in use is closed when its read ends.</summary>
    public void Dispose()
    {
        _isClosed = true;
        CloseIdle();
    }

    private JournalReader Take()
    {
        if (_isClosed)
        {
            throw SqliteFaults.Closed(path, null);
        }
        return _idle.TryPop(out var idle) ? idle : new JournalReader(Connections.OpenReader(path, options));
    }

    private void Return(JournalReader? reader)
    {
        if (reader is null)
        {
            return;
        }
        _idle.Push(reader);
        // Looked at after the push: whoever closes in between either sees this reader or is seen here.
        if (_isClosed)
        {
            CloseIdle();
        }
    }

    private void CloseIdle()
    {
        while (_idle.TryPop(out var reader))
        {
            reader.Dispose();
        }
    }
}
