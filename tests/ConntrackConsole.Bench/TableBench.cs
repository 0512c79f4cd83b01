using System.Diagnostics;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Bench;

/// <summary>Reads and deletes in a table of 250,000 entries.</summary>
internal static class TableBench
{
    private const int Size = 250_000;
    private const int Doomed = 10_000;
    private const string Pod = "10.245.0.1";

    public static void Run(Report report, int rounds)
    {
        using var maker = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        Entries.Make(maker, 0, Size - Doomed);
        Entries.Make(maker, Size - Doomed, Doomed, Pod);
        using var table = ConntrackTable.Open();
        if (table.Stats().Entries != Size)
            throw new InvalidOperationException($"{table.Stats().Entries} entries were made instead of {Size}.");
        Dump(report, table, rounds);
        OnePod(report, table, rounds);
        Flush(report, table, maker, rounds);
    }

    private static void Dump(Report report, ConntrackTable table, int rounds)
    {
        List<double> floor = [], floorCpu = [], firstCpu = [], parseCpu = [], first = [], again = [], theirs = [], user = [], ofFloor = [], ofTheirs = [], bytes = [];
        Floor(out _);
        First(out _, out _);
        firstCpu.Clear();
        for (int round = 0; round < rounds; round++)
        {
            floor.Add(Floor(out double floorCpuMs));
            floorCpu.Add(floorCpuMs);
            double parse = ThreadTime.Total;
            table.Dump((in flow) => { });
            parseCpu.Add((ThreadTime.Total - parse) / 1000);
            first.Add(First(out var flows, out double userUs));
            user.Add(userUs / Size);
            theirs.Add(Witness.Run("-L"));
            FlowVisitor confirm = (in flow) => flows.Confirm(in flow);
            flows.BeginResync();
            table.Dump(confirm);
            flows.EndResync();
            flows.BeginResync();
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long at = Stopwatch.GetTimestamp();
            table.Dump(confirm);
            flows.EndResync();
            again.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            bytes.Add(GC.GetAllocatedBytesForCurrentThread() - allocated);
            ofFloor.Add(first[^1] / floor[^1]);
            ofTheirs.Add(first[^1] / theirs[^1]);
        }

        string times = $"ours {Median.Of(first):0} ms, again into a full table {Median.Of(again):0} ms, receive-and-discard {Median.Of(floor):0} ms, conntrack -L {Median.Of(theirs):0} ms";
        report.AtMost("dump + parse + group 250,000 / receive and discard", Median.Of(ofFloor), "×", 1.20, times);
        report.Info("… the same in CPU time", Median.Of(firstCpu.Zip(floorCpu, (a, b) => a / b)), "×", $"ours {Median.Of(firstCpu):0} ms, receive-and-discard {Median.Of(floorCpu):0} ms, receive and parse {Median.Of(parseCpu):0} ms: independent of what else runs");
        report.AtMost("… user CPU an entry", Median.Of(user), "µs", 0.4);
        report.AtMost("… / conntrack -L >/dev/null", Median.Of(ofTheirs), "×", 0.65);
        report.AtMost("… bytes allocated an entry", Median.Of(bytes) / Size, "B", 0.001, $"{Median.Of(bytes):0} bytes a dump");

        double First(out FlowTable flows, out double userUs)
        {
            var made = flows = new FlowTable(new Grouping([]));
            var before = ThreadTime.Now;
            long at = Stopwatch.GetTimestamp();
            made.Reserve((int)table.Stats().Entries);
            table.Dump((in flow) => made.Confirm(in flow));
            double took = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
            var after = ThreadTime.Now;
            userUs = after.User - before.User;
            firstCpu.Add((after.User + after.System - before.User - before.System) / 1000);
            if (made.Count != Size)
                throw new InvalidOperationException($"The dump returned {made.Count} entries.");
            return took;
        }
    }

    // The dump's datagrams are received and only checked for their end.
    private static double Floor(out double cpuMs)
    {
        double cpu = ThreadTime.Total;
        using var socket = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        Span<byte> request = stackalloc byte[64];
        var writer = new NetlinkWriter(request);
        FlowRequest.Dump(ref writer, socket.NextSequence());
        long at = Stopwatch.GetTimestamp();
        socket.Send(writer.Written);
        while (socket.Receive(10_000, out var datagram) == ReceiveOutcome.Data && BitConverter.ToUInt16(datagram[4..]) != 3)
        {
        }

        double took = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
        cpuMs = (ThreadTime.Total - cpu) / 1000;
        return took;
    }

    private static void OnePod(Report report, ConntrackTable table, int rounds)
    {
        List<double> ours = [], theirs = [], ratio = [];
        var pod = Ip.Parse("10.244.0.7");
        table.ListByReplySource(pod);
        for (int round = 0; round < rounds; round++)
        {
            long at = Stopwatch.GetTimestamp();
            int found = table.ListByReplySource(pod).Count;
            ours.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            theirs.Add(Witness.Run("-L -r 10.244.0.7"));
            ratio.Add(ours[^1] / theirs[^1]);
            if (found == 0)
                throw new InvalidOperationException("The pod has no entries.");
        }

        report.AtMost("one pod of 250,000 / conntrack -L -r", Median.Of(ratio), "×", 0.15, $"ours {Median.Of(ours):0.0} ms, theirs {Median.Of(theirs):0} ms");
    }

    private static void Flush(Report report, ConntrackTable table, NetlinkSocket maker, int rounds)
    {
        List<double> ours = [], checkedOurs = [], theirs = [], ratio = [], checkedRatio = [];
        var pod = Ip.Parse(Pod);
        for (int round = -1; round < rounds; round++)
        {
            long at = Stopwatch.GetTimestamp();
            var listed = table.ListByReplySource(pod);
            var keys = listed.Select(flow => flow.Key).ToArray();
            var errors = new Errno[keys.Length];
            table.Delete(keys, errors);
            double took = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
            if (errors.Count(error => error == Errno.Ok) != Doomed)
                throw new InvalidOperationException("Not every entry was deleted.");
            Entries.Make(maker, Size - Doomed, Doomed, Pod);

            at = Stopwatch.GetTimestamp();
            var outcome = EntryDeleter.Run(table, EntryDeleter.List(table, pod), pod, unacknowledgedSeconds: 300);
            double tookChecked = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
            if (outcome.Deleted != Doomed || outcome.Remaining != 0)
                throw new InvalidOperationException($"The flush left {outcome.Remaining} entries.");
            Entries.Make(maker, Size - Doomed, Doomed, Pod);

            double other = Witness.Run($"-D -r {Pod}");
            Entries.Make(maker, Size - Doomed, Doomed, Pod);
            if (round < 0)
                continue;
            ours.Add(took);
            checkedOurs.Add(tookChecked);
            theirs.Add(other);
            ratio.Add(took / other);
            checkedRatio.Add(tookChecked / other);
        }

        report.AtMost("list and flush 10,000 of 250,000 / conntrack -D -r", Median.Of(ratio), "×", 0.3, $"ours {Median.Of(ours):0} ms, theirs {Median.Of(theirs):0} ms");
        report.Info("… with the check of each entry before and the dump after", Median.Of(checkedRatio), "×", $"{Median.Of(checkedOurs):0} ms");
    }
}
