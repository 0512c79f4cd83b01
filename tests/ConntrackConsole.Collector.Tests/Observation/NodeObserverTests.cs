using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class NodeObserverTests
{
    [Fact]
    public void Frames_OverChanges_AddUpToTheTable()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(200, seed: 9)); // before it is listening
        using var stop = new CancellationTokenSource();
        var counts = new Dictionary<GroupKey, uint>();
        var gaps = new List<Gap>();
        ulong last = 0;
        int step = 0;

        scratch.Inside.Run(() => new NodeObserver(new Grouping([]), TimeProvider.System, null, () => null, silentFlowsRedumpSeconds: 2).Run(
            frame =>
            {
                Assert.Equal(++last, frame.Sequence);
                Assert.Equal(last == 1, frame.IsKey);
                gaps.AddRange(frame.Gaps);
                foreach (var group in frame.Groups)
                    counts[group.Key] = group.Counts.Total;
                switch (++step)
                {
                    case 1:
                        Load(scratch, RandomEntries.Lines(300, seed: 9).Skip(200)); // while it is listening
                        break;
                    case 2:
                        // Some are older than the observer: they emit no event (nf_conntrack_events=2), only a dump finds them.
                        ConntrackRun(scratch, "-D", "-p", "udp");
                        break;
                    // The next dump follows after two seconds, later if dumps are slow.
                    case >= 5 when step >= 30 || counts.Values.Sum(count => count) == CountOf(scratch):
                        stop.Cancel();
                        break;
                }
            },
            stop.Token));

        int left = ConntrackProgram.List(scratch.Inside).Count;
        Assert.InRange(left, 100, 299);
        Assert.Equal(left, counts.Values.Sum(count => count));
        Assert.Equal(GapKind.Started, Assert.Single(gaps).Kind);
    }

    [Fact]
    public void Frames_ServicesThatTheConsoleSends_NameTheirUntranslatedEntries()
    {
        using var scratch = new ScratchNamespace();
        const string udp = "-A -p udp -s 10.1.0.6 -d 10.96.0.10 --sport 1000 --dport 53 -r 10.96.0.10 -q 10.1.0.6 --reply-port-src 53 --reply-port-dst 1000 --timeout 100";
        const string looks = "-A -p tcp -s 10.1.0.7 -d 10.96.0.10 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.7 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 100";
        ConntrackProgram.LoadAsWritten(scratch.Inside, [udp, looks]);
        using var stop = new CancellationTokenSource();
        var frames = new List<List<GroupKey>>();
        NodeObserver? observer = null;
        scratch.Inside.Run(() =>
        {
            observer = new NodeObserver(new Grouping([]), TimeProvider.System, null, () => null);
            observer.Run(
                frame =>
                {
                    frames.Add([.. frame.Groups.Where(group => group.Counts.Total > 0).Select(group => group.Key).OrderBy(key => key.Vport)]);
                    observer.SetServices(["udp 10.96.0.10 53", "tcp 10.96.0.10 80", "tcp nonsense 1", "udp 10.96.0.10 0"]);
                    if (frames.Count == 2)
                        stop.Cancel();
                },
                stop.Token);
        });

        var vip = Kernel.Net.Ip.Parse("10.96.0.10");
        Assert.Equal([GroupKey.Other], frames[0]);
        Assert.Equal([new GroupKey(17, vip, 53, vip, 53), new GroupKey(6, vip, 80, vip, 80)], frames[1]);
    }

    [Fact]
    public void Frames_ContainChangedSettingsAndTheHostsTcpCounters()
    {
        using var scratch = new ScratchNamespace();
        using var stop = new CancellationTokenSource();
        var changes = new List<SettingChange>();
        bool tcp = false;
        int step = 0;

        scratch.Inside.Run(() => new NodeObserver(new Grouping([]), TimeProvider.System, null, () => null).Run(
            frame =>
            {
                changes.AddRange(frame.Settings);
                tcp |= frame.HostTcp is not null;
                if (++step == 1)
                {
                    using var other = ConntrackConsole.Kernel.Namespaces.NetworkNamespace.Open(scratch.Inside.Name);
                    other.Run(() => File.WriteAllText("/proc/sys/net/netfilter/nf_conntrack_tcp_loose", "0\n"));
                }
                else if (step == 3)
                    stop.Cancel();
            },
            stop.Token));

        var change = Assert.Single(changes);
        Assert.Equal(("net.netfilter.nf_conntrack_tcp_loose", "1", "0"), (change.Name, change.Before, change.After));
        Assert.True(tcp);
    }

    [Fact]
    public void Frames_AfterOverruns_AddUpToTheTableAndContainTheGap()
    {
        using var scratch = new ScratchNamespace();
        using var stop = new CancellationTokenSource();
        var counts = new Dictionary<GroupKey, uint>();
        var gaps = new List<Gap>();
        int step = 0;

        scratch.Inside.Run(() => new NodeObserver(new Grouping([]), TimeProvider.System, null, () => null, eventQueueBytes: 4096).Run(
            frame =>
            {
                gaps.AddRange(frame.Gaps);
                foreach (var group in frame.Groups)
                    counts[group.Key] = group.Counts.Total;
                switch (++step)
                {
                    case 1:
                        // The observer waits here while the kernel's queue of 4 KiB overruns.
                        Load(scratch, RandomEntries.Lines(3000, seed: 11));
                        ConntrackRun(scratch, "-D", "-p", "udp");
                        break;
                    case 3:
                        stop.Cancel();
                        break;
                }
            },
            stop.Token));

        int left = ConntrackProgram.List(scratch.Inside).Count;
        Assert.InRange(left, 1000, 2999);
        Assert.Equal(left, counts.Values.Sum(count => count));
        Assert.Contains(gaps, gap => gap.Kind == GapKind.EventsLost);
    }

    [Fact]
    public void Frames_AfterAStormThroughATinyQueue_EqualTheTable()
    {
        using var scratch = new ScratchNamespace();
        using var stop = new CancellationTokenSource();
        var counts = new Dictionary<GroupKey, uint>();
        int overruns = 0, step = 0;
        Thread? storm = null;

        // Never dumps alone: a long storm would otherwise switch the mode after some seconds of overruns.
        scratch.Inside.Run(() => new NodeObserver(
            new Grouping([]), TimeProvider.System, null, () => null, eventQueueBytes: 16_384, modeSwitch: FollowModeSwitch.Never).Run(
            frame =>
            {
                overruns += frame.Gaps.Count(gap => gap.Kind == GapKind.EventsLost);
                foreach (var group in frame.Groups)
                    counts[group.Key] = group.Counts.Total;
                switch (++step)
                {
                    case 1:
                        storm = new Thread(() => Storm(scratch)); // while frames are emitted
                        storm.Start();
                        break;
                    case > 3 when !storm!.IsAlive:
                        if (step > 200)
                            stop.Cancel();
                        step = 200;
                        break;
                }
            },
            stop.Token));

        var left = ConntrackProgram.List(scratch.Inside).GroupBy(entry => $"{entry.Proto} {entry.ReplySrc}").ToDictionary(group => group.Key, group => (long)group.Count());
        Assert.True(left.Count > 5);
        Assert.True(overruns > 0);
        Assert.Equal(left.Values.Sum(), counts.Values.Sum(count => count));
        foreach (var backend in counts.Where(group => !group.Key.IsOther).GroupBy(group => group.Key.Backend.ToString()))
        {
            Assert.Equal(
                backend.Sum(group => group.Value),
                Translated(backend.Key));
        }

        long Translated(string backend) => ConntrackProgram.List(scratch.Inside).Count(entry => entry.ReplySrc == backend && entry.Dst != backend);
    }

    [Fact]
    public void Follower_AboveTheRate_SwitchesToDumpsWithAGapAndReturns()
    {
        using var scratch = new ScratchNamespace();
        using var stop = new CancellationTokenSource();
        var modes = new List<FollowMode>();
        var gaps = new List<Gap>();
        var counts = new Dictionary<GroupKey, uint>();
        int step = 0;

        scratch.Inside.Run(() => new NodeObserver(
            new Grouping([]), TimeProvider.System, null, () => null, modeSwitch: new FollowModeSwitch(pairsPerSecond: 100, seconds: 1, dumpOnlySeconds: 3)).Run(
            frame =>
            {
                gaps.AddRange(frame.Gaps);
                if (modes.Count == 0 || modes[^1] != frame.Cost!.Value.Mode)
                    modes.Add(frame.Cost!.Value.Mode);
                foreach (var group in frame.Groups)
                    counts[group.Key] = group.Counts.Total;
                step++;
                if (step == 1)
                    Load(scratch, RandomEntries.Lines(1000, seed: 14)); // 1,000 events in a second
                if (step == 3)
                    Load(scratch, RandomEntries.Lines(1500, seed: 14).Skip(1000)); // not listening
                if (modes.Count == 3 || step > 20)
                    stop.Cancel();
            },
            stop.Token));

        Assert.Equal([FollowMode.Events, FollowMode.DumpOnly, FollowMode.Events], modes);
        Assert.Contains(gaps, gap => gap.Kind == GapKind.DumpOnly && gap.ToMs > gap.FromMs);
        Assert.Equal(1500, counts.Values.Sum(count => count));
    }

    [Fact]
    public void Follower_WithoutEvents_DumpsTheTableRepeatedly()
    {
        using var scratch = new ScratchNamespace();
        scratch.Inside.Run(() => File.WriteAllText("/proc/sys/net/netfilter/nf_conntrack_events", "0"));
        using var stop = new CancellationTokenSource();
        long total = 0;
        int step = 0;

        scratch.Inside.Run(() => new NodeObserver(new Grouping([]), TimeProvider.System, null, () => null).Run(
            frame =>
            {
                Assert.Equal(FollowMode.DumpOnly, frame.Cost!.Value.Mode);
                foreach (var group in frame.Groups)
                    total = frame.Cost.Value.Flows;
                if (++step == 1)
                    Load(scratch, RandomEntries.Lines(300, seed: 15));
                if (step == 5)
                    stop.Cancel();
            },
            stop.Token));

        Assert.Equal(300, total);
    }

    private static void Storm(ScratchNamespace scratch)
    {
        for (int round = 0; round < 3; round++)
        {
            Load(scratch, RandomEntries.Lines(3000, seed: 20 + round).Skip(round * 1000));
            ConntrackRun(scratch, "-D", "-p", "udp");
            if (round < 2)
                ConntrackRun(scratch, "-D", "-p", "tcp", "--state", "ESTABLISHED");
            ConntrackRun(scratch, "-D", "-p", "tcp", "--dport", "80", "--state", "CLOSE");
        }
    }

    // The observer runs on the namespace's own thread, so the other actions enter the namespace from another thread.
    private static void Load(ScratchNamespace scratch, IEnumerable<string> lines)
    {
        using var other = ConntrackConsole.Kernel.Namespaces.NetworkNamespace.Open(scratch.Inside.Name);
        ConntrackProgram.Load(other, lines);
    }

    private static int CountOf(ScratchNamespace scratch)
    {
        using var other = ConntrackConsole.Kernel.Namespaces.NetworkNamespace.Open(scratch.Inside.Name);
        return ConntrackProgram.List(other).Count;
    }

    private static void ConntrackRun(ScratchNamespace scratch, params string[] arguments)
    {
        using var other = ConntrackConsole.Kernel.Namespaces.NetworkNamespace.Open(scratch.Inside.Name);
        ConntrackProgram.Run(other, arguments);
    }
}
