using System.Runtime.CompilerServices;

namespace SyncHub.Simulator;

/// <summary>A line of the trace; nothing of it is made where nobody reads it.</summary>
[InterpolatedStringHandler]
internal ref struct TraceText
{
    private DefaultInterpolatedStringHandler _text;

    public TraceText(int literalLength, int formattedCount, World world, out bool isTold)
    {
        isTold = world.Tracing;
        _text = isTold ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string ToStringAndClear() => _text.ToStringAndClear();
}
