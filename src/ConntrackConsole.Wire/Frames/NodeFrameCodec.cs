using System.Buffers;
using ConntrackConsole.Wire.Sections;

namespace ConntrackConsole.Wire;

/// <summary>
/// The binary form of a <see cref="NodeFrame"/>: little-endian, self-contained. Input is validated before use: every count
/// against the remaining bytes, every kind against its range.
/// </summary>
/// <remarks>
/// Layout: magic "CCF2" · flags (1 = key) · sequence u64 · atMs i64 · 8 counters u32 · sections until the end, each tag u8,
/// length u32, bytes. An empty section is omitted; an unknown one is skipped, so that collectors and consoles of adjacent
/// versions are compatible. An address is a length byte (0, 4, 16) and its bytes, a text a length byte and UTF-8.
/// </remarks>
internal static class NodeFrameCodec
{
    /// <summary>Maximum number of individual resets in a frame.</summary>
    public const int MaxResets = 2000;

    /// <summary>Maximum number of individual notes in a frame.</summary>
    public const int MaxNotes = 1000;

    /// <summary>Maximum number of <see cref="NodeFrame.LateAnswers"/>; a node with more has as many of them as are needed to see it.</summary>
    public const int MaxLateAnswers = 200;

    /// <summary>Maximum number of <see cref="NodeFrame.Refusals"/>.</summary>
    public const int MaxRefusals = 200;

    /// <summary>Maximum size of a frame in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const uint Magic = 0x32464343; // "CCF2"
    private const int HeaderLength = 4 + 1 + 8 + 8 + (8 * 4);

    /// <summary>Appends the frame to <paramref name="output"/>.</summary>
    public static void Write(NodeFrame frame, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(output);
        var writer = new FrameWriter(output.GetSpan(MaxLength(frame)));
        writer.U32(Magic);
        writer.U8(frame.IsKey ? (byte)1 : (byte)0);
        writer.U64(frame.Sequence);
        writer.U64((ulong)frame.AtMs);
        writer.U32(frame.Counters.Invalid);
        writer.U32(frame.Counters.Drop);
        writer.U32(frame.Counters.EarlyDrop);
        writer.U32(frame.Counters.InsertFailed);
        writer.U32(frame.Counters.Count);
        writer.U32(frame.Counters.Max);
        writer.U32(frame.Counters.SearchRestart);
        writer.U32(frame.Counters.ClashResolve);
        WriteSections(frame, ref writer);
        output.Advance(writer.Length);
    }

    /// <summary>Reads a frame into <paramref name="frame"/>, which is cleared first.</summary>
    /// <returns>False if the bytes are not a frame; <paramref name="error"/> then contains the error and its position.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, NodeFrame frame, out string? error)
    {
        ArgumentNullException.ThrowIfNull(frame);
        frame.Clear();
        if (bytes.Length > MaxBytes)
        {
            error = $"A frame of {bytes.Length} bytes; the limit is {MaxBytes}.";
            return false;
        }

        var reader = new FrameReader(bytes);
        if (reader.U32() != Magic)
        {
            error = "Not a frame of this version (the first four bytes are not CCF2).";
            return false;
        }

        frame.IsKey = (reader.U8() & 1) != 0;
        frame.Sequence = reader.U64();
        frame.AtMs = (long)reader.U64();
        frame.Counters = new Counters(
            reader.U32(), reader.U32(), reader.U32(), reader.U32(), reader.U32(), reader.U32(), reader.U32(), reader.U32());
        while (reader.TrySection(out byte tag, out var section))
        {
            string? fault = ReadSection(tag, section, frame);
            if (fault is not null)
                reader.Fail($"section {tag}: {fault}");
        }

        error = reader.Error;
        if (error is null)
            return true;
        frame.Clear();
        return false;
    }

    private static int MaxLength(NodeFrame frame)
    {
        int length = HeaderLength;
        foreach (var section in FrameSection.All)
            length += FrameSection.HeaderLength + section.MaxLength(frame);
        return length;
    }

    private static void WriteSections(NodeFrame frame, ref FrameWriter writer)
    {
        foreach (var section in FrameSection.All)
        {
            if (!section.HasAny(frame))
                continue;
            int at = writer.BeginSection(section.Tag);
            section.Write(frame, ref writer);
            writer.EndSection(at);
        }
    }

    private static string? ReadSection(byte tag, ReadOnlySpan<byte> bytes, NodeFrame frame)
    {
        if (FrameSection.Of(tag) is not { } section)
            return null;
        var reader = new FrameReader(bytes);
        section.Read(ref reader, frame);
        if (reader.Error is null && reader.Remaining != 0)
            reader.Fail($"{reader.Remaining} bytes too many");
        return reader.Error;
    }
}
