using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class FlowNotesTests
{
    private const long At = 1_800_000_000_000;
    private readonly OwnNetlinkPorts _own = new();
    private readonly FlowNotes _notes;

    public FlowNotesTests() => _notes = new FlowNotes(_own);

    [Theory]
    [InlineData(FlowState.Established, FlowState.Established, true)]
    [InlineData(FlowState.Established, FlowState.None, true)] // a kernel without the state in DESTROY
    [InlineData(FlowState.Established, FlowState.Close, false)] // ended by a reset; no UPDATE came before
    [InlineData(FlowState.Close, FlowState.Close, false)]
    [InlineData(FlowState.TimeWait, FlowState.TimeWait, false)]
    [InlineData(FlowState.SynSent, FlowState.None, false)]
    public void OnDestroy_EstablishedFlow_IsALoss(FlowState last, FlowState inEvent, bool lost)
    {
        Assert.Equal(lost, _notes.OnDestroy(Flows.Service(1000, inEvent), last, 0, At));
        Assert.Equal(lost ? 1 : 0, Frame().Notes.Count);
    }

    [Theory]
    [InlineData(7, 0, 10, LossCause.OwnDelete)]
    [InlineData(8, 0, 10, LossCause.ForeignDelete)]
    [InlineData(8, 5, 10, LossCause.ForeignDelete)]
    [InlineData(0, 0, 10, LossCause.None)] // Nothing is known about its timeout.
    [InlineData(0, 5, 10, LossCause.Kernel)]
    [InlineData(0, 0, 100, LossCause.Kernel)]
    public void Loss_HasItsCause(uint portId, uint earlyDrop, uint count, LossCause expected)
    {
        _own.Add(7);
        _notes.OnDestroy(Flows.Service(1000), FlowState.Established, portId, At);

        var note = Assert.Single(Frame(new Counters(0, 0, earlyDrop, 0, count, 100)).Notes);

        Assert.Equal(
            new FlowNote(At, FlowNoteKind.Lost, expected, Flows.Client, 1000, Flows.Vip, 80, Ip.Parse("10.244.1.1"), 8080, portId), note);
        Assert.Empty(Frame().Notes);
    }

    [Fact]
    public void OnNew_MidStream_IsNotedAndUnNatedIfItsSourceIsABackend()
    {
        _notes.OnNew(Picked("10.244.1.1"), 0, At);
        var frame = new NodeFrame { AtMs = At };
        frame.Groups.Add(new GroupCounts(new GroupKey(Protocols.Tcp, Flows.Vip, 80, Ip.Parse("10.244.1.1"), 8080), default));
        _notes.WriteTo(frame);
        _notes.OnNew(Picked("10.244.1.1"), 0, At + 600_000);
        _notes.OnNew(Picked("10.244.1.2"), 0, At + 600_000);
        _notes.OnNew(Flows.Service(1, FlowState.SynSent), 0, At);
        _notes.OnNew(Flows.Service(1), 0, At); // created with a reply, as another program may do
        _notes.OnNew(Picked("10.244.1.1"), 0, At + 600_001); // not seen for too long

        Assert.Equal([FlowNoteKind.MidStream], frame.Notes.Select(note => note.Kind));
        Assert.Equal([FlowNoteKind.UnNated, FlowNoteKind.MidStream, FlowNoteKind.MidStream], Frame().Notes.Select(note => note.Kind));
    }

    [Fact]
    public void OnNew_BackendOfAJustLostEntry_IsUnNated()
    {
        _notes.OnDestroy(Flows.Service(1000), FlowState.Established, 0, At);
        _notes.OnNew(Picked("10.244.1.1"), 0, At);

        Assert.Equal([FlowNoteKind.Lost, FlowNoteKind.UnNated], Frame().Notes.Select(note => note.Kind));
    }

    [Fact]
    public void Notes_BeyondTheMaximum_AreCounted()
    {
        for (int i = 0; i < NodeFrameCodec.MaxNotes + 7; i++)
            _notes.OnNew(Picked("10.244.1.1"), 0, At);

        var frame = Frame();

        Assert.Equal((NodeFrameCodec.MaxNotes, 7u), (frame.Notes.Count, frame.MoreNotes));
        Assert.Equal(0u, Frame().MoreNotes);
    }

    [Fact]
    public void OwnNetlinkPorts_DropTheOldestAndNeverContainTheKernel()
    {
        for (uint port = 1; port <= 65; port++)
            _own.Add(port);

        Assert.False(_own.Contains(0));
        Assert.False(_own.Contains(1));
        Assert.True(_own.Contains(2) && _own.Contains(65));
    }

    private NodeFrame Frame(Counters counters = default)
    {
        var frame = new NodeFrame { AtMs = At, Counters = counters };
        _notes.WriteTo(frame);
        return frame;
    }

    private static Flow Picked(string source)
    {
        var orig = new FlowTuple(Ip.Parse(source), Flows.Client, Protocols.Tcp, 8080, 1000);
        return new Flow { Orig = orig, Reply = orig.Inverted(), State = FlowState.Established, Status = FlowStatus.Confirmed };
    }
}
