using System.Text;
using QRCoder;

namespace SyncHub.Agent.Receipts;

/// <summary>The code of a receipt as a picture: for a terminal, a page, or a printer. Nobody's; pure.</summary>
/// <remarks>Error correction M: a receipt is folded and fades. The longest code (2,191 characters) is a QR code of version 32, 145 modules wide; a usual sale's is half as wide.</remarks>
public static class CodePicture
{
    private const int PixelsPerModule = 6; // 0.5 mm a module on a printer of 300 dots an inch

    /// <summary>The picture in a form.</summary>
    public static (byte[] Bytes, string MediaType) Draw(string code, V1.CodeForm form)
    {
        using var data = QRCodeGenerator.GenerateQrCode(code, QRCodeGenerator.ECCLevel.M);
        switch (form)
        {
            case V1.CodeForm.Svg:
                using (var svg = new SvgQRCode(data))
                {
                    return (Encoding.UTF8.GetBytes(svg.GetGraphic(PixelsPerModule)), "image/svg+xml");
                }

            case V1.CodeForm.Png:
                using (var png = new PngByteQRCode(data))
                {
                    return (png.GetGraphic(PixelsPerModule), "image/png");
                }

            default:
                using (var text = new AsciiQRCode(data))
                {
                    return (Encoding.UTF8.GetBytes(text.GetGraphicSmall()), "text/plain; charset=utf-8");
                }
        }
    }

    /// <summary>How many modules wide a code's picture is, without its quiet zone.</summary>
    public static int ModulesOf(string code)
    {
        using var data = QRCodeGenerator.GenerateQrCode(code, QRCodeGenerator.ECCLevel.M);
        return (data.Version * 4) + 17;
    }
}
