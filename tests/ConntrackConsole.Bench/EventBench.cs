using System.Diagnostics;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Bench;

/// <summary>NEW and DESTROY pairs at a fixed rate: the cost of tracking them compared with a loop that only receives.</summary>
internal static class EventBench
{
    private const int PairsPerSecond = 100_000;
    private const int Burst = 64;

    public static void Run(Report report, NetworkNamespace inside, int rounds, int seconds)
    {
        List<double> bare = [], ours = [], ratio = [];
        int overruns = 0, wrong = 0;
        double slowest = double.MaxValue;
        for (int round = 0; round < rounds; round++)
        {
            bare.Add(Measure(inside, seconds, Bare, out double bareRate) / seconds / PairsPerSecond);
            ours.Add(Measure(inside, seconds, (made, stop) => Follow(made, ref overruns, ref wrong, stop), out double rate) / seconds / PairsPerSecond);
            ratio.Add(ours[^1] / bare[^1]);
            slowest = Math.Min(slowest, Math.Min(rate, bareRate));
        }

        string detail = $"ours {Median.Of(ours):0.00} µs a pair, recv() loop {Median.Of(bare):0.00} µs, {seconds * PairsPerSecond:N0} pairs a run, the slowest at {slowest:N0} pairs/s";
        report.AtMost("follow 100,000 pairs/s / bare receive loop, CPU", Median.Of(ratio), "×", 1.15, detail);
        report.AtMost("… overruns", overruns, "", 0);
        report.AtMost("… runs that ended with a wrong count", wrong, "", 0);
    }

    private delegate void Receiver(Func<long> made, CancellationToken stop);

    private static double Measure(NetworkNamespace inside, int seconds, Receiver receiver, out double rate)
    {
        using var stop = new CancellationTokenSource();
        using var ready = new ManualResetEventSlim();
        long made = 0;
        double cpu = 0;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            using var here = NetworkNamespace.Open(inside.Name);
            here.Run(() =>
            {
                try
                {
                    ready.Set();
                    double before = ThreadTime.Total;
                    receiver(() => Interlocked.Read(ref made), stop.Token);
                    cpu = ThreadTime.Total - before;
                }
                catch (Exception e)
                {
                    failure = e;
                }
            });
        });
        thread.Start();
        ready.Wait();
        Thread.Sleep(300);
        long at = Stopwatch.GetTimestamp();
        inside.Run(() => Storm(seconds, ref made));
        rate = made / Stopwatch.GetElapsedTime(at).TotalSeconds;
        Thread.Sleep(100);
        stop.Cancel();
        thread.Join();
        return failure is null ? cpu : throw new InvalidOperationException("The receiver failed.", failure);
    }

    private static void Storm(int seconds, ref long made)
    {
        using var socket = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        long start = Stopwatch.GetTimestamp();
        for (long pairs = 0; pairs < (long)seconds * PairsPerSecond; pairs += Burst)
        {
            int from = 1_000_000 + (int)(pairs % 500_000);
            Entries.MakeUntranslated(socket, from, Burst);
            Entries.Remove(socket, from, Burst);
            Interlocked.Add(ref made, Burst);
            while (Stopwatch.GetElapsedTime(start).TotalSeconds * PairsPerSecond < pairs)
                Thread.Yield();
        }
    }

    // The minimal loop: wait, receive one datagram, discard it.
    private static void Bare(Func<long> made, CancellationToken stop)
    {
        using var socket = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        socket.SetReceiveQueue(ConntrackEvents.DefaultQueueBytes);
        for (int group = 1; group <= 3; group++)
            socket.Join(group);
        while (!stop.IsCancellationRequested)
            socket.Receive(20, out _);
    }

    private static void Follow(Func<long> made, ref int overruns, ref int wrong, CancellationToken stop)
    {
        var flows = new FlowTable(new Grouping([]));
        var recent = new RecentFlows();
        var notes = new FlowNotes(new OwnNetlinkPorts());
        var frame = new NodeFrame();
        var gaps = new List<Gap>();
        long born = 0, died = 0;
        using var table = ConntrackTable.Open();
        using var follower = new TableFollower(
            flows, table,
            (kind, in flow, portId) => // What NodeObserver does with an event.
            {
                long now = Environment.TickCount64;
                if (kind != FlowEventKind.Destroy)
                {
                    born++;
                    notes.OnNew(in flow, portId, now);
                    flows.Upsert(in flow);
                    return;
                }

                died++;
                var last = flows.TryFindByOrig(flow.Orig, out var known) && known.Reply == flow.Reply ? known.State : flow.State;
                bool lost = notes.OnDestroy(in flow, last, portId, now);
                recent.Add(new FlowTuples(flow.Orig, flow.Reply, last), now, lost);
                flows.Remove(in flow);
            },
            () => Environment.TickCount64, FollowModeSwitch.Never, ConntrackEvents.DefaultQueueBytes, silentRedumpSeconds: 15);
        long second = Environment.TickCount64 + 1000;
        while (!stop.IsCancellationRequested)
        {
            follower.Follow(100, gaps);
            if (Environment.TickCount64 < second)
                continue;
            second += 1000;
            follower.EndSecond(gaps);
            frame.Clear();
            flows.WriteGroups(frame.Groups, all: false);
            notes.WriteTo(frame);
        }

        follower.EndSecond(gaps);
        overruns += gaps.Count(gap => gap.Kind == GapKind.EventsLost);
        if (born != made() || died != born || flows.Count != (int)table.Stats().Entries)
            wrong++;
    }
}
