using System.Text;

namespace SyncHub.Protos.Mapping;

/// <summary>Bytes as text of the characters that a QR code holds most densely (RFC 9285).</summary>
internal static class Base45
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(((bytes.Length + 1) / 2 * 3) + 1);
        for (var i = 0; i < bytes.Length; i += 2)
        {
            var isPair = i + 1 < bytes.Length;
            var value = isPair ? (bytes[i] << 8) + bytes[i + 1] : bytes[i];
            text.Append(Alphabet[value % 45]).Append(Alphabet[value / 45 % 45]);
            if (isPair)
            {
                text.Append(Alphabet[value / (45 * 45)]);
            }
        }

        return text.ToString();
    }

    /// <summary>The bytes, or null where the text is none of this form.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.Length % 3 == 1)
        {
            return null;
        }

        var bytes = new List<byte>(text.Length / 3 * 2 + 1);
        for (var i = 0; i < text.Length; i += 3)
        {
            var part = text[i..Math.Min(i + 3, text.Length)];
            var value = 0;
            for (var digit = part.Length - 1; digit >= 0; digit--)
            {
                var number = Alphabet.IndexOf(part[digit], StringComparison.Ordinal);
                if (number < 0)
                {
                    return null;
                }

                value = (value * 45) + number;
            }

            if (value > (part.Length == 3 ? ushort.MaxValue : byte.MaxValue))
            {
                return null;
            }

            if (part.Length == 3)
            {
                bytes.Add((byte)(value >> 8));
            }

            bytes.Add((byte)value);
        }

        return [.. bytes];
    }
}
