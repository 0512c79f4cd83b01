using System.Diagnostics;
using System.Text.Json;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>Behaviour without a source of resets, and the output of notes.</summary>
public class ResetSourceTests
{
    // A mount namespace of its own, in which there is no tracefs and none can be mounted.
    private const string WithoutTracefs = "mount -t tmpfs none /sys/kernel && exec setpriv --bounding-set=-sys_admin \"$@\"";

    /// <summary>A format file as before Linux 6.10, which traces a sent reset only if a socket sends it.</summary>
    internal static string WithoutReasons(string format) =>
        string.Join('\n', format.Split('\n').Where(line => !line.Contains(" reason;", StringComparison.Ordinal)));

    [Fact]
    public void Auto_OnAKernelThatTracesNotEverySender_OpensPacketsToo()
    {
        using var scratch = new ScratchNamespace();
        scratch.Inside.Run(() =>
        {
            using var now = ResetSource.TryOpen(ResetChoice.Auto, out _);
            using var before = ResetSource.TryOpen(ResetChoice.Auto, out string why, WithoutReasons);
            using var traceAlone = ResetSource.TryOpen(ResetChoice.Trace, out _, WithoutReasons);

            Assert.Equal("", why);
            Assert.Equal((false, true), (now!.IsDouble, now.TracesEverySender));
            Assert.Equal((true, false), (before!.IsDouble, before.TracesEverySender));
            Assert.Equal((false, false), (traceAlone!.IsDouble, traceAlone.TracesEverySender));
        });
    }

    [Fact]
    public void Capability_OfAKernelThatTracesNotEverySender_SaysWhatIsMissing()
    {
        Assert.Contains("does not trace a reset that no socket sends", Capabilities.DetailOf(tracesEverySender: false), StringComparison.Ordinal);
        Assert.DoesNotContain("no socket sends", Capabilities.DetailOf(tracesEverySender: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_WithoutTracefs_UsesPackets()
    {
        var (exitCode, _, errors) = Without(WithoutTracefs, "resets", "--seconds", "1");

        Assert.Equal(0, exitCode);
        Assert.Contains("tracefs", errors, StringComparison.Ordinal);
        Assert.Contains("0 resets", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_WithoutTracefs_UsesPackets()
    {
        var (exitCode, _, errors) = Without(WithoutTracefs, "resets", "--seconds", "1", "--resets", "both");

        Assert.Equal(0, exitCode);
        Assert.Contains("tracefs", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Trace_WithoutTracefs_IsRefusedWithTheReason()
    {
        var (exitCode, output, errors) = Without(WithoutTracefs, "resets", "--seconds", "1", "--resets", "trace");

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("tracefs", errors, StringComparison.Ordinal);
        Assert.EndsWith($" [{CommandLineReasons.ResetsUnavailable}]\n", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Capabilities_WithoutCapNetRaw_NameIt()
    {
        var (exitCode, output, _) = Without("exec setpriv --bounding-set=-net_raw \"$@\"", "capabilities", "--json");

        Assert.Equal(0, exitCode);
        var packet = JsonDocument.Parse(output).RootElement.EnumerateArray().Single(c => c.GetProperty("name").GetString() == "resets.packet");
        Assert.False(packet.GetProperty("available").GetBoolean());
        Assert.Contains("CAP_NET_RAW", packet.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Capabilities_OfBothSources_ListWhatEachCannotSee()
    {
        var (_, output, _) = CollectorProgram.Run(null, "capabilities", "--json");

        foreach (string name in (string[])["resets.trace", "resets.packet"])
        {
            var found = JsonDocument.Parse(output).RootElement.EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
            Assert.True(found.GetProperty("available").GetBoolean());
            Assert.Contains("Cannot see: ", found.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--json", "\"kind\":\"Lost\",\"cause\":\"ForeignDelete\",\"src\":\"10.1.0.1\"")]
    [InlineData(null, "established entry lost, deleted by another program")]
    public void Watch_LostEntry_IsPrinted(string? json, string expected)
    {
        using var scratch = new ScratchNamespace();
        using var watch = CollectorProgram.Start(scratch.Inside, json is null ? ["watch"] : ["watch", json]);
        try
        {
            Assert.NotNull(watch.StandardOutput.ReadLine()); // It is listening.
            ConntrackProgram.Load(
                scratch.Inside,
                ["-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 200 -u SEEN_REPLY,ASSURED"]);
            ConntrackProgram.Run(scratch.Inside, "-D", "-s", "10.1.0.1");

            string? line;
            for (int lines = 0; (line = watch.StandardOutput.ReadLine()) is not null && !line.Contains(expected, StringComparison.Ordinal); lines++)
                Assert.True(lines < 120, "no note in 120 lines");
            Assert.NotNull(line);
        }
        finally
        {
            watch.Kill();
            watch.WaitForExit();
        }
    }

    private static (int ExitCode, string Output, string Errors) Without(string what, params string[] arguments)
    {
        using var scratch = new ScratchNamespace();
        var start = new ProcessStartInfo(
            "unshare", ["--mount", "--propagation", "private", "sh", "-c", what, "sh", Programs.Collector, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = scratch.Inside.Run(() => Process.Start(start)!);
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
