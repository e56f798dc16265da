using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One key with its value, text or bytes.</summary>
    public sealed class Entry
    {
        private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz_.-");

        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>An entry with text.</summary>
        /// <exception cref="ArgumentException">The key has characters outside <c>[0-9a-z_.-]</c> or ends in <c>-bin</c>,
        /// or the value has characters that are not printable ASCII.</exception>
        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = CheckedKey(key);
            if (IsBinaryKey(Key))
            {
                throw new ArgumentException($"The value of '{Key}' must be bytes, because the key ends in {BinaryHeaderSuffix}.", nameof(key));
            }

            // A line break here would let a value smuggle in headers of its own.
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                throw new ArgumentException($"The value of '{Key}' must be printable ASCII; use a key that ends in {BinaryHeaderSuffix} for anything else.", nameof(value));
            }

            _text = value;
        }

        /// <summary>An entry with bytes.</summary>
        /// <exception cref="ArgumentException">The key has characters outside <c>[0-9a-z_.-]</c> or does not end in <c>-bin</c>.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = CheckedKey(key);
            if (!IsBinaryKey(Key))
            {
                throw new ArgumentException($"The key '{Key}' must end in {BinaryHeaderSuffix} to carry bytes.", nameof(key));
            }

            _bytes = [.. valueBytes];
        }

        private Entry(string key, string? text, byte[]? bytes)
        {
            Key = key;
            _text = text;
            _bytes = bytes;
        }

        /// <summary>The key, in lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => _bytes is not null;

        /// <summary>The value as text.</summary>
        /// <exception cref="InvalidOperationException">The value is bytes.</exception>
        public string Value => _text ?? throw new InvalidOperationException($"The value of '{Key}' is bytes; read ValueBytes.");

        /// <summary>A copy of the value as bytes; text becomes ASCII.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_text!) : [.. _bytes];

        internal ReadOnlySpan<byte> Bytes => _bytes;

        /// <inheritdoc/>
        public override string ToString() =>
            IsBinary ? $"[Entry: key={Key}, valueBytes={_bytes!.Length} bytes]" : $"[Entry: key={Key}, value={_text}]";

        /// <summary>Entries from the wire are taken as they came: a peer's odd value is no reason to fail a call.</summary>
        internal static Entry FromWire(string key, string text) => new(key, text, bytes: null);

        internal static Entry FromWire(string key, byte[] bytes) => new(key, text: null, bytes);

        internal static bool IsBinaryKey(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase);

        internal bool HasKey(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);

        private static string CheckedKey(string key)
        {
            ArgumentException.ThrowIfNullOrEmpty(key);
            var lower = key.ToLowerInvariant();
            return lower.AsSpan().ContainsAnyExcept(KeyCharacters)
                ? throw new ArgumentException($"The metadata key '{lower}' may only have 0-9, a-z, '_', '.' and '-'.", nameof(key))
                : lower;
        }
    }
}
