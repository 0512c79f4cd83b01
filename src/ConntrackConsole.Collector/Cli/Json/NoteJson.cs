using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>An unusual creation or loss of an entry. The cause is null for a creation.</summary>
internal sealed record NoteJson(
    DateTimeOffset At, FlowNoteKind Kind, LossCause? Cause, string Src, int Sport, string Dst, int Dport, string Backend, int Bport, uint PortId)
{
    public static NoteJson Of(FlowNote note) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(note.AtMs), note.Kind, note.Cause == LossCause.None ? null : note.Cause,
        note.Src.ToString(), note.Sport, note.Dst.ToString(), note.Dport, note.Backend.ToString(), note.Bport, note.PortId);
}
