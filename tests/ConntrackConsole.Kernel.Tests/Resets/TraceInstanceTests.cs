using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

public sealed class TraceInstanceTests
{
    [Fact]
    public void Instance_IsRemovedAtDispose()
    {
        Assert.True(Tracefs.TryOpen(out var look, out string? why), why);
        using (look)
        {
            string path;
            using (var instance = Create())
            {
                path = $"{look.Root}/instances/{instance.Name}";
                Assert.True(Directory.Exists(path));
            }

            Assert.False(Directory.Exists(path));
        }
    }

    [Fact]
    public void Instance_OfADeadProcess_IsRemoved_UnlessItIsInUse()
    {
        Assert.True(Tracefs.TryOpen(out var look, out string? why), why);
        using (look)
        {
            // What a killed process leaves: the directory, and no open ring. The pid may be reused by now.
            string stale = $"{look.Root}/instances/conntrack-collector-1-{Guid.NewGuid():n}";
            Directory.CreateDirectory(stale);
            using var used = Create();
            Assert.False(Directory.Exists(stale));
            using var next = Create();
            Assert.True(Directory.Exists($"{look.Root}/instances/{used.Name}"));
        }
    }

    [Fact]
    public void Mount_Detached_IsNotVisible()
    {
        string before = File.ReadAllText("/proc/self/mounts");
        Assert.True(Tracefs.TryOpen(out var tracefs, out string? why), why);
        using (tracefs)
            Assert.Equal(before.Contains("tracefs", StringComparison.Ordinal), File.ReadAllText("/proc/self/mounts").Contains("tracefs", StringComparison.Ordinal));
    }

    [Fact]
    public void Rings_AfterAnOverrun_ReportTheNumberLost()
    {
        using var nodes = new TwoNodes();
        using var instance = Create(bufferKiB: 8);
        // More than the rings of all CPUs hold, each some 80.
        int resets = 200 * instance.Rings.Count;
        Assert.True(instance.TryPageLayout(out var layout));
        Assert.True(instance.TryEnable(ResetDecoder.SendReset));
        var server = new IPEndPoint(nodes.PodAddress(TwoNodes.PodB).ToIPAddress(), 83);
        nodes.Inside(TwoNodes.PodA, () =>
        {
            for (int i = 0; i < resets; i++)
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                Assert.Throws<SocketException>(() => client.Connect(server));
            }

            return 0;
        });

        long lost = 0;
        int read = 0, ours = 0;
        var buffer = new byte[65536];
        Assert.True(ResetDecoder.TryCreate(instance.TryRead, out var decoder, out string? why), why);
        foreach (var ring in instance.Rings)
        {
            for (int length; (length = TraceNative.Read(ring, buffer)) > 0;)
            {
                var page = new TracePage(buffer.AsSpan(0, length), layout);
                lost += page.Lost;
                while (page.MoveNext())
                {
                    if (!decoder.TryDecode(page.Record, 0, out var reset))
                        continue;
                    read++;
                    if (reset.Src == nodes.PodAddress(TwoNodes.PodB))
                        ours++;
                }

                Assert.False(page.IsDamaged);
            }
        }

        // The trace covers the machine: other tests' resets may be among the lost ones, and may have overwritten all of ours.
        Assert.True(read > 0, "the rings are empty");
        Assert.InRange(ours, 0, resets - 1);
        Assert.True(ours + lost >= resets, $"{ours} read and {lost} lost of {resets}");
    }

    private static TraceInstance Create(int bufferKiB = 0)
    {
        Assert.True(Tracefs.TryOpen(out var tracefs, out string? why), why);
        Assert.True(TraceInstance.TryCreate(tracefs, bufferKiB, out var instance, out why), why);
        return instance;
    }
}
