using System.Buffers;
using System.Text;

namespace Grpc.Wire;

/// <summary>The value of <c>grpc-message</c>: UTF-8, with everything but printable ASCII, and the percent sign, as <c>%XX</c>.</summary>
internal static class PercentEncoding
{
    private const string Hex = "0123456789ABCDEF";

    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var encoded = new StringBuilder(text.Length * 2);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (value is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                encoded.Append((char)value);
            }
            else
            {
                encoded.Append('%').Append(Hex[value >> 4]).Append(Hex[value & 0xF]);
            }
        }

        return encoded.ToString();
    }

    /// <summary>Decodes what can be decoded and keeps the rest as it is: the text of an error must not become another error.</summary>
    public static string Decode(string encoded)
    {
        if (!encoded.Contains('%', StringComparison.Ordinal))
        {
            return encoded;
        }

        var source = Encoding.UTF8.GetBytes(encoded);
        var bytes = new ArrayBufferWriter<byte>(source.Length);
        for (var at = 0; at < source.Length; at++)
        {
            if (source[at] == '%' && at + 2 < source.Length && char.IsAsciiHexDigit((char)source[at + 1]) && char.IsAsciiHexDigit((char)source[at + 2]))
            {
                bytes.Write([Convert.ToByte(Encoding.ASCII.GetString(source, at + 1, 2), fromBase: 16)]);
                at += 2;
            }
            else
            {
                bytes.Write([source[at]]);
            }
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
