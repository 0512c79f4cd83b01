using System.Diagnostics;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Bench;

/// <summary>The maximum time that one event waits for the table while a million flows arrive: growth and garbage collection.</summary>
internal static class PauseBench
{
    private const int Flows = 1_000_000;

    public static void Run(Report report, int rounds)
    {
        var longest = new List<double>();
        var collections = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            GC.Collect();
            var table = new FlowTable(new Grouping([]));
            double worst = 0;
            for (int number = 0; number < Flows; number++)
            {
                var flow = Of(number);
                long started = Stopwatch.GetTimestamp();
                table.Upsert(in flow);
                worst = Math.Max(worst, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            if (table.Count != Flows)
                throw new InvalidOperationException($"{table.Count} of {Flows} flows.");
            longest.Add(worst);
            var pauses = GC.GetGCMemoryInfo(GCKind.Any).PauseDurations;
            double pause = 0;
            foreach (var duration in pauses)
                pause = Math.Max(pause, duration.TotalMilliseconds);
            collections.Add(pause);
            GC.KeepAlive(table);
        }

        report.AtMost("longest event while 1,000,000 flows come", Median.Of(longest), "ms", 10, $"the last garbage collection {Report.Text(Median.Of(collections))} ms");
    }

    private static Flow Of(int number)
    {
        var client = Ip.V4(0x0A010000u + ((uint)number >> 4));
        var pod = Ip.V4(0x0AF40000u + ((uint)number % 200));
        ushort port = (ushort)(10_000 + (number & 15));
        return new Flow
        {
            Orig = new FlowTuple(client, Ip.V4(0x0A600001), Protocols.Tcp, port, 80),
            Reply = new FlowTuple(pod, client, Protocols.Tcp, 8080, port),
            State = FlowState.Established,
            Status = FlowStatus.SeenReply | FlowStatus.Confirmed,
            Id = (uint)number,
        };
    }
}
