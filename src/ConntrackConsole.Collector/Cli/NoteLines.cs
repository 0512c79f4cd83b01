using System.Text;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>Formats a frame's notes as lines of text.</summary>
internal static class NoteLines
{
    private const int MaxNotes = 10;

    public static string Of(NodeFrame frame)
    {
        var text = new StringBuilder();
        foreach (var note in frame.Notes.Take(MaxNotes))
        {
            text.AppendLine().Append("           ").Append(What(in note))
                .Append($": {note.Src}:{note.Sport}→{note.Dst}:{note.Dport}, answered by {note.Backend}:{note.Bport}");
        }

        long more = Math.Max(0, frame.Notes.Count - MaxNotes) + (long)frame.MoreNotes;
        return more == 0 ? text.ToString() : text.AppendLine().Append($"           and {more} more notes").ToString();
    }

    private static string What(in FlowNote note) => note switch
    {
        { Kind: FlowNoteKind.MidStream } => "entry created mid-stream",
        { Kind: FlowNoteKind.UnNated } => "entry created mid-stream by a backend, un-NATed",
        { Cause: LossCause.OwnDelete } => "established entry lost, deleted by this collector",
        { Cause: LossCause.ForeignDelete } => $"established entry lost, deleted by another program (netlink port {note.PortId})",
        { Cause: LossCause.Timeout } => "established entry lost, its timeout expired",
        { Cause: LossCause.ByKernel } => "established entry lost, removed by the kernel before its timeout (IPVS, or an interface went down)",
        { Cause: LossCause.Kernel } => "established entry lost, evicted by the kernel",
        _ => "established entry lost, by the kernel; its cause is unknown: its timeout was not seen recently enough",
    };
}
