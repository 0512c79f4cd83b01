namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>The frames that a node has made, to be compared with those that are stored.</summary>
/// <param name="Hashes">Of each frame's bytes, by sequence from 1 on.</param>
/// <param name="Kept">Sequences of the frames that the node keeps in order to send them again.</param>
internal sealed record MadeFrames(string Node, long Run, IReadOnlyList<int> Hashes, IReadOnlySet<ulong> Kept)
{
    /// <summary>The same for the same bytes within a process.</summary>
    public static int HashOf(ReadOnlySpan<byte> frame)
    {
        var hash = default(HashCode);
        hash.AddBytes(frame);
        return hash.ToHashCode();
    }
}
