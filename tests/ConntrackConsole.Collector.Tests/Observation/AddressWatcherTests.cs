using System.Diagnostics;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>Entries of the real kernel, looked up by tuple.</summary>
public class AddressWatcherTests
{
    [Fact]
    public void Rows_CountUnacknowledgedIdleAndAliveEntries_OfWatchedAddressesOnly()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside,
        [
            Entry("10.1.0.1", "10.244.0.1", 299), Entry("10.1.0.2", "10.244.0.1", 200),
            Entry("10.1.0.3", "10.244.0.1", 86000), Entry("10.1.0.4", "10.244.0.1", 5000),
            Entry("10.1.0.5", "10.244.0.2", 100), Entry("10.1.0.6", "10.244.0.3", 100, "SYN_SENT"),
            Entry("fd00::1", "fd00:244::1", 250),
        ]);
        scratch.Inside.Run(() =>
        {
            using var table = ConntrackTable.Open();
            var flows = Followed(table);
            var watcher = new AddressWatcher(new Sysctl());
            watcher.Watch(["10.244.0.1", "10.244.0.3", "fd00:244::1", "10.244.0.99", "nonsense", null]);

            watcher.Look(table, flows, 0);
            ConntrackProgramRun(scratch, "-U", "-p", "tcp", "-s", "10.1.0.4", "--timeout", "86000"); // it answers
            watcher.Look(table, flows, 1000);

            var rows = Rows(watcher, 1000, key: false);
            Assert.Equal(
                [new WatchedAddress(Ip.Parse("10.244.0.1"), 4, 4, 2, 1, 1), new WatchedAddress(Ip.Parse("fd00:244::1"), 1, 1, 1, 0, 0)],
                rows.OrderBy(row => row.PodIp));
            Assert.Equal(2 * 6, watcher.Lookups); // none for addresses that are not watched
            Assert.Empty(Rows(watcher, 1000, key: false));
            Assert.Equal(2, Rows(watcher, 1000, key: true).Count);

            watcher.Watch([]);
            watcher.Look(table, flows, 2000);
            Assert.All(Rows(watcher, 2000, key: false), row => Assert.Equal(0u, row.Entries));
            Assert.Equal(2 * 6, watcher.Lookups);
        });
    }

    /// <summary>A console that sends more addresses than this version looks up: what is missing is said in every frame.</summary>
    [Theory]
    [InlineData(0, 0u)]
    [InlineData(2, 2u)]
    public void Watch_MoreAddressesThanFit_EveryFrameSaysHowManyAreLeftOut(int more, uint expected)
    {
        var watcher = new AddressWatcher(new Sysctl());
        watcher.Watch(Enumerable.Range(0, WatchList.MaxPodIps + more).Select(i => $"10.244.{i / 200}.{i % 200}"));
        foreach (var frame in (NodeFrame[])[new NodeFrame { MoreNotes = 5 }, new NodeFrame { MoreNotes = 5 }])
        {
            watcher.FillLeftOut(frame);
            Assert.Equal(5 + expected, frame.MoreNotes);
        }
    }

    [Fact]
    public void Details_CountSendersThatBackOff()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [Entry("10.1.0.1", "10.244.0.1", 297), Entry("10.1.0.2", "10.244.0.1", 300), Entry("10.1.0.3", "10.244.0.1", 250), Entry("10.1.0.4", "10.244.0.1", 86000)]);
        scratch.Inside.Run(() =>
        {
            using var table = ConntrackTable.Open();
            var watcher = new AddressWatcher(new Sysctl());
            watcher.Watch(["10.244.0.1"]);
            watcher.Look(table, Followed(table), 0);
            var frame = new NodeFrame();
            watcher.FillDetails(frame, 0);

            var row = Assert.Single(frame.WatchedDetails);
            Assert.Equal((3u, 1u), (row.Waiting, row.BackingOff));
        });
    }

    /// <summary>Look-ups come before their frame, which may be late: a sender that never pauses has always sent in its last second.</summary>
    [Theory]
    [InlineData(0, 1u)]
    [InlineData(400, 1u)]
    public void Details_CountSendersOfTheFramesLastSecond(long lateMs, uint expected)
    {
        // Its times are not the kernel's: the look-up must follow the packet within the kernel's second.
        var (count, elapsed) = Look(lateMs);
        for (int tried = 1; elapsed > TimeSpan.FromSeconds(0.9) && tried < 20; tried++)
            (count, elapsed) = Look(lateMs);
        Assert.Equal(expected, count);
    }

    private static (uint Count, TimeSpan Elapsed) Look(long lateMs)
    {
        var (count, elapsed) = (0u, TimeSpan.Zero);
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, ["-A -p udp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 53 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8053 --reply-port-dst 1000 --timeout 120 -u SEEN_REPLY,ASSURED"]);
        scratch.Inside.Run(() =>
        {
            using var table = ConntrackTable.Open();
            var flows = Followed(table);
            var watcher = new AddressWatcher(new Sysctl());
            watcher.Watch(["10.244.0.1"]);
            Assert.False(watcher.HasUdp);
            watcher.Look(table, flows, 3_900);
            long began = Stopwatch.GetTimestamp();
            ConntrackProgramRun(scratch, "-U", "-p", "udp", "-s", "10.1.0.1", "--timeout", "120");
            watcher.Look(table, flows, 5_900);
            elapsed = Stopwatch.GetElapsedTime(began);
            var frame = new NodeFrame();
            watcher.FillDetails(frame, 6_000 + lateMs, lateMs);

            Assert.True(watcher.HasUdp);
            count = Assert.Single(frame.WatchedDetails).UdpSendingLastSecond;
        });
        return (count, elapsed);
    }

    /// <summary>Only of watched addresses, once for each second, and only if it is certainly of that second.</summary>
    [Fact]
    public void Details_HaveTheAgeOfTheNewestEntry()
    {
        using var scratch = new ScratchNamespace();
        scratch.Inside.Run(() =>
        {
            var watcher = new AddressWatcher(new Sysctl());
            watcher.Watch(["10.244.0.1", "10.244.0.2"]);
            watcher.OnNew(Flows.Service(1000, FlowState.SynSent, "10.244.0.1"), 10_300);
            watcher.OnNew(Flows.Service(1000, FlowState.SynSent, "10.244.0.1"), 10_600);
            watcher.OnNew(Flows.Service(1000, FlowState.SynSent, "10.244.0.2"), 9_900);
            watcher.OnNew(Flows.Service(1000, FlowState.SynSent, "10.244.0.3"), 10_600);
            watcher.OnNew(Flows.Service(1000, FlowState.SynSent, "10.244.0.2") with { Status = FlowStatus.Confirmed }, 10_600);

            Assert.Equal([("10.244.0.1", 400u)], Newest(11_000));
            Assert.Empty(Newest(12_000));

            List<(string, uint)> Newest(long atMs)
            {
                var frame = new NodeFrame { AtMs = atMs };
                watcher.FillDetails(frame, atMs);
                return [.. frame.WatchedDetails.Where(row => row.NewestEntryMs > 0).Select(row => (row.PodIp.ToString(), row.NewestEntryMs))];
            }
        });
    }

    [Fact]
    public void Details_OfAnAddressThatGoesOnToGetEntries_EndAfterAMinute()
    {
        var entries = new NewEntries();
        var ip = Ip.Parse("10.244.0.1");
        var watched = new HashSet<Ip> { ip };
        int reported = 0;
        for (int second = 1; second <= 2 * NewEntries.MaxReports; second++)
        {
            entries.Add(ip, (second * 1_000) - 10);
            reported += entries.Take(watched, second * 1_000).Count;
        }

        Assert.Equal(NewEntries.MaxReports, reported);
        entries.Take(new HashSet<Ip>(), 1_000_000);
        Assert.False(entries.Any);
    }

    [Fact]
    public void Look_ManyEntries_IsLimitedPerSecond()
    {
        const int Entries = 1200;
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, Enumerable.Range(0, Entries).Select(i => Entry($"10.1.{1 + (i / 200)}.{1 + (i % 200)}", "10.244.0.1", 250)));
        scratch.Inside.Run(() =>
        {
            using var table = ConntrackTable.Open();
            var flows = Followed(table);
            var watcher = new AddressWatcher(new Sysctl());
            watcher.Watch(["10.244.0.1"]);
            uint[] checkedBySecond = [.. Enumerable.Range(0, 3).Select(second =>
            {
                watcher.Look(table, flows, second * 1000);
                return Assert.Single(Rows(watcher, second * 1000, key: true)).Checked;
            })];

            Assert.Equal([500u, 1000u, 1200u], checkedBySecond);
            Assert.Equal(Entries, watcher.Lookups);
        });
    }

    private static List<WatchedAddress> Rows(AddressWatcher watcher, long nowMs, bool key)
    {
        var frame = new NodeFrame { IsKey = key };
        watcher.Fill(frame, nowMs);
        return frame.WatchedAddresses;
    }

    private static FlowTable Followed(ConntrackTable table)
    {
        var flows = new FlowTable(new Grouping([]));
        table.Dump((in Flow flow) => flows.Confirm(in flow));
        return flows;
    }

    private static void ConntrackProgramRun(ScratchNamespace scratch, params string[] arguments)
    {
        using var other = NetworkNamespace.Open(scratch.Inside.Name);
        ConntrackProgram.Run(other, arguments);
    }

    private static string Entry(string client, string backend, int timeout, string state = "ESTABLISHED")
    {
        string vip = client.Contains(':', StringComparison.Ordinal) ? "fd00:96::1" : "10.96.0.1";
        string status = state == "ESTABLISHED" ? " -u SEEN_REPLY,ASSURED" : "";
        return $"-A -p tcp -s {client} -d {vip} --sport 1000 --dport 80 -r {backend} -q {client} --reply-port-src 8080 --reply-port-dst 1000 --state {state} --timeout {timeout}{status}";
    }
}
