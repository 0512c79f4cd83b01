using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

/// <content>What became of the connections after a flush.</content>
public sealed partial class FlushHandlerTests
{
    [Fact]
    public void ReadOutcome_CountsTheConnectionsThatMovedAndThoseThatRemain()
    {
        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace("10.1.0.1", "10.1.0.4")]);
        var preview = Preview();
        ConntrackProgram.Run(_scratch.Inside, "-U", "-s", "10.1.0.2", "--timeout", "80000"); // alive: kept
        Flush(preview, "a1");
        Assert.Equal((1, 0, 2, 0), Outcome("a1"));

        ConntrackProgram.Load(_scratch.Inside,
        [
            Flow.Replace(Pod, "10.244.0.9"), // the connection of 10.1.0.1 at another backend
            Flow.Replace("10.1.0.1", "10.1.0.4"), // that of 10.1.0.4 at the old one again
            Flow.Replace(Pod, "10.244.0.9").Replace("10.1.0.1", "10.1.0.4").Replace("--sport 1000", "--sport 1001").Replace("port-dst 1000", "port-dst 1001"), // another connection of it
            Flow.Replace("10.1.0.1", "10.1.0.8"), // a new client of the old one
            Flow.Replace(Pod, "10.244.0.9").Replace("10.1.0.1", "10.1.0.77"), // another client
        ]);
        Assert.Equal((1, 0, 2, 0), Outcome("a1")); // not read again within the same second
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((1, 2, 2, 1), Outcome("a1"));
        _time.Advance(FlushOutcomeTracker.Ttl);
        Assert.Equal(FlushReasons.OutcomeUnknown, _handler.ReadOutcome(new FlushOutcomeRequest("a1")).RefusalCode);
    }

    [Theory]
    [InlineData(OwnerState.Terminating, OwnerState.Terminating)]
    [InlineData(OwnerState.Terminating, OwnerState.Gone)] // the preset now selects the datagram's entry, which was not previewed
    public void ReadOutcome_OfThePresetSafe_CountsNoEntryThatItLeftOut(OwnerState previewed, OwnerState flushed)
    {
        ConntrackProgram.Load(_scratch.Inside, [SynSent, Udp]);
        var preview = Preview(FlushPreset.Safe, owner: previewed);
        Assert.Equal(3, preview.LeftOut);
        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace("10.1.0.1", "10.1.0.8")]); // answered, and there before the deletion

        var result = Flush(preview, "a1", flushed);

        Assert.Equal((1, 0), (result.Deleted, result.Remaining));
        Assert.Equal((0, 0, 1, 0), Outcome("a1"));

        ConntrackProgram.Load(_scratch.Inside, [SynSent, Flow.Replace("10.1.0.1", "10.1.0.9")]); // both created after the flush
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((0, 2, 1, 0), Outcome("a1"));
    }

    [Fact]
    public void ReadOutcome_OfAScope_CountsNewEntriesOfTheScopeOnly()
    {
        Flush(Preview(scope: new FlushScope("tcp", "10.96.0.1", 80)), "a1");

        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace("10.1.0.1", "10.1.0.8"), Flow.Replace("10.96.0.1", "10.96.0.2").Replace("10.1.0.1", "10.1.0.9"), Udp]);

        Assert.Equal((0, 1, 2, 0), Outcome("a1"));
    }

    // Two tenants may use the same addresses: each has its own zone, and its own connection.
    [Fact]
    public void ReadOutcome_TheSameTupleInTwoZones_IsTwoConnections()
    {
        ConntrackProgram.Load(_scratch.Inside, [Flow + " --zone 7"]);
        Flush(Preview(), "a1");
        Assert.Equal((0, 0, 3, 0), Outcome("a1"));

        ConntrackProgram.Load(_scratch.Inside, [Flow.Replace(Pod, "10.244.0.9") + " --zone 7", Flow.Replace(Pod, "10.244.0.9") + " --zone 8"]);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((0, 0, 3, 1), Outcome("a1"));
    }

    private (int, int, int, int) Outcome(string actionId)
    {
        var reading = _scratch.Inside.Run(() => _handler.ReadOutcome(new FlushOutcomeRequest(actionId)));
        Assert.Null(reading.Refusal);
        return (reading.Left, reading.Recreated, reading.Clients, reading.Reconnected);
    }

    [Theory]
    [InlineData(FlushPreset.All, 80, 1)]
    [InlineData(FlushPreset.All, null, 3)]
    [InlineData(FlushPreset.Safe, null, 1)]
    [InlineData(null, null, 3)] // A line of an older version: all entries of the address are counted, and it says so.
    public void Flush_Interrupted_CountsWhatItsPresetAndScopeSelect(FlushPreset? preset, int? port, int remaining)
    {
        var journal = new ActionJournal(_state.Path);
        Flush(Preview(preset: preset ?? FlushPreset.All, scope: port is { } vport ? new FlushScope("tcp", "10.96.0.1", vport) : null), "ran");
        ConntrackProgram.Run(_scratch.Inside, "-F");
        ConntrackProgram.Load(_scratch.Inside, [Flow, Flow.Replace("--dport 80", "--dport 443").Replace("10.1.0.1", "10.1.0.2"), SynSent.Replace("--dport 80", "--dport 443")]);
        var begin = new ActionJournal(_state.Path).Find("ran")!.Begin with { ActionId = "cut-off" };
        journal.TryBegin(preset is null ? begin with { Preset = null, Owner = null } : begin);
        var again = new FlushHandler("node1", _time, new ActionJournal(_state.Path), new Sysctl());

        _scratch.Inside.Run(again.Tick);
        var result = _scratch.Inside.Run(() => again.Recall("cut-off"))!;

        Assert.Equal((true, remaining, preset is not null), (result.Unsure, result.Remaining, result.RemainingIsScoped));
        Assert.Equal(preset is null, result.Errors[0].Contains("all entries of the address", StringComparison.Ordinal));
        Assert.Contains(preset is null ? "lead to the address" : "that it selects", JournalReports.Entry(new ActionJournal(_state.Path).Find("cut-off")!).Result, StringComparison.Ordinal);
    }
}
