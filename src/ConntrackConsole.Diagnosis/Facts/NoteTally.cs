using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>Counts the unusual creations and removals of entries of one pod address.</summary>
internal sealed class NoteTally(Ip podIp)
{
    private readonly Dictionary<LossCause, List<long>> _lost = [];
    private readonly List<long> _midStream = [], _unNated = [];

    public void Add(in FlowNote note)
    {
        if (note.Backend != podIp && note.Src != podIp)
            return;
        switch (note.Kind)
        {
            case FlowNoteKind.Lost:
                if (!_lost.TryGetValue(note.Cause, out var times))
                    _lost[note.Cause] = times = [];
                times.Add(note.AtMs);
                break;
            case FlowNoteKind.MidStream:
                _midStream.Add(note.AtMs);
                break;
            case FlowNoteKind.UnNated:
                _unNated.Add(note.AtMs);
                break;
        }
    }

    /// <summary>The part of the evidence that notes contain.</summary>
    public EntryEvidence ToEvidence() => new()
    {
        Lost = _lost.ToDictionary(lost => lost.Key, lost => Occurrences.At([.. lost.Value])),
        MidStream = Occurrences.At([.. _midStream]),
        UnNated = Occurrences.At([.. _unNated]),
    };
}
