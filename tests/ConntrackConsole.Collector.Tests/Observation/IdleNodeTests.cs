using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class IdleNodeTests
{
    [Fact]
    public void Frames_OfAnIdleNode_AreEmptyAfterTheFirst()
    {
        using var scratch = new ScratchNamespace();
        Run(scratch, "ip", "link", "set", "lo", "up");
        Run(scratch, "nft", "add table inet t; add chain inet t o { type filter hook output priority 0; }; add rule inet t o ct state new accept");
        using var stop = new CancellationTokenSource();
        var contents = new List<string>();
        long events = 0;
        scratch.Inside.Run(() => new NodeObserver(new Grouping([]), TimeProvider.System, null, () => null).Run(
            frame =>
            {
                events += frame.Cost?.Events ?? 0;
                contents.Add($"{frame.Groups.Count} {frame.Resets.Count} {frame.Gaps.Count} {frame.Notes.Count} {frame.Settings.Count} {frame.WatchedAddresses.Count} {frame.Ipvs is null}");
                Probe(10249); // As the collector's own, of a kube-proxy that is not there: an entry that begins and ends at once.
                Probe(10256);
                if (contents.Count == 8)
                    stop.Cancel();
            },
            stop.Token));

        Assert.True(events > 0, "The probes were not tracked.");
        Assert.All(contents.Skip(1), content => Assert.Equal("0 0 0 0 0 0 True", content));

        static void Probe(int port)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(IPAddress.Loopback, port);
            }
            catch (SocketException)
            {
                // Refused.
            }
        }
    }

    [Fact]
    public void Fill_NothingChanged_AllocatesLittle()
    {
        var sampler = new NodeSampler(new Sysctl());
        var frame = new NodeFrame();
        sampler.Fill(frame);
        sampler.Fill(frame);
        frame.Clear();

        long before = GC.GetAllocatedBytesForCurrentThread();
        sampler.Fill(frame);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 0, Directory.Exists("/proc/sys/net/ipv4/vs") ? 20_000 : 200); // IPVS is read each time.
    }

    private static void Run(ScratchNamespace scratch, string program, params string[] arguments) => scratch.Inside.Run(() =>
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    });
}
