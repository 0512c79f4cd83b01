using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using ConntrackConsole.Timeline.Blocks;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Files;

/// <summary>
/// An incident as a file, and back. The content of <see cref="IncidentFile"/> is a list of sections: tag u8, length u32, bytes. One has the facts
/// (<see cref="IncidentDocument"/>), one each node's frames: name, then of each frame its run (once) and its length, then all their bytes. A
/// section of an unknown tag is skipped, so that a later version can add one.
/// </summary>
internal static class IncidentCodec
{
    private const byte FactsTag = 1, FramesTag = 2;
    private const byte SameRun = 0, NewRun = 1;
    private const int MaxName = 1_024;

    /// <exception cref="IncidentFileException">It is too large.</exception>
    public static byte[] Write(IncidentWindow incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var plain = new ArrayBufferWriter<byte>();
        Section(plain, FactsTag, IncidentDocument.Of(incident).Write());
        foreach (var node in incident.Nodes)
        {
            if (node.Frames.Count > 0)
                Section(plain, FramesTag, Frames(node));
        }

        return IncidentFile.Pack(plain.WrittenSpan);
    }

    /// <summary>Reads a file without trusting it.</summary>
    /// <exception cref="IncidentFileException">It is refused, with the reason.</exception>
    public static IncidentWindow Read(ReadOnlySpan<byte> file)
    {
        byte[] plain = IncidentFile.Unpack(file);
        IncidentDocument? facts = null;
        var frames = new Dictionary<string, List<IncidentFrame>>();
        for (int at = 0; at < plain.Length;)
        {
            if (plain.Length - at < 5 || BinaryPrimitives.ReadUInt32LittleEndian(plain.AsSpan(at + 1)) is var length && length > plain.Length - at - 5)
                throw IncidentFile.Damaged("a part of it ends early");
            byte tag = plain[at];
            var section = plain.AsMemory(at + 5, (int)length);
            at += 5 + section.Length;
            if (tag == FactsTag)
                facts = facts is null ? IncidentDocument.Read(section.Span) : throw IncidentFile.Damaged("it has two lists of facts");
            else if (tag == FramesTag)
                AddFrames(section, frames);
        }

        return (facts ?? throw IncidentFile.Damaged("it has no facts")).ToWindow(frames);
    }

    private static void Section(ArrayBufferWriter<byte> plain, byte tag, ReadOnlySpan<byte> bytes)
    {
        if ((long)plain.WrittenCount + bytes.Length > IncidentFile.MaxPlain)
            throw IncidentFile.TooLarge("content", (long)plain.WrittenCount + bytes.Length, IncidentFile.MaxPlain);
        var output = new BinaryBufferWriter(plain);
        output.U8(tag);
        output.U32((uint)bytes.Length);
        plain.Write(bytes);
    }

    private static ReadOnlySpan<byte> Frames(IncidentNode node)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var output = new BinaryBufferWriter(bytes);
        byte[] name = Encoding.UTF8.GetBytes(node.Name);
        output.Varint((uint)name.Length);
        bytes.Write(name);
        output.Varint((uint)node.Frames.Count);
        long? run = null;
        foreach (var frame in node.Frames)
        {
            output.U8(frame.Run == run ? SameRun : NewRun);
            if (frame.Run != run)
            {
                run = frame.Run;
                output.U32((uint)frame.Run);
                output.U32((uint)(frame.Run >> 32));
            }

            output.Varint((uint)frame.Bytes.Length);
        }

        foreach (var frame in node.Frames)
            bytes.Write(frame.Bytes.Span);
        return bytes.WrittenSpan;
    }

    private static void AddFrames(ReadOnlyMemory<byte> section, Dictionary<string, List<IncidentFrame>> into)
    {
        var head = new ByteCursor(section.Span);
        string name = Encoding.UTF8.GetString(head.Bytes(MaxName));
        uint count = head.Number();
        // Each takes two bytes at least, and the frame's own.
        if (head.Failed || count > (uint)head.Left / 2)
            throw IncidentFile.Damaged("a list of frames is impossible");
        var (runs, lengths) = (new long[count], new uint[count]);
        long run = 0, total = 0;
        for (uint i = 0; i < count; i++)
        {
            byte kind = head.U8();
            if (kind == NewRun)
                run = head.I64();
            else if (kind != SameRun || i == 0)
                head.Fail();
            (runs[i], lengths[i]) = (run, head.Number());
            total += lengths[i];
        }

        if (head.Failed || total != head.Left || !into.TryAdd(name, []))
            throw IncidentFile.Damaged("a list of frames is impossible");
        int at = section.Length - head.Left;
        var read = new NodeFrame();
        for (uint i = 0; i < count; i++)
        {
            var bytes = section.Slice(at, (int)lengths[i]);
            at += bytes.Length;
            // A frame that is left out would look calm.
            if (!NodeFrameCodec.TryRead(bytes.Span, read, out _))
                throw IncidentFile.Damaged($"a frame of {name} cannot be read");
            into[name].Add(new IncidentFrame(runs[i], bytes));
        }
    }
}
