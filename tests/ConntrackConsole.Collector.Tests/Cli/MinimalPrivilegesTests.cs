using System.Diagnostics;
using ConntrackConsole.Collector.Journal;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Cli;

/// <summary>
/// As the DaemonSet runs it: uid 0 with two capabilities, no new privileges, a read-only root, tracefs mounted by the host,
/// and one writable directory.
/// </summary>
public class MinimalPrivilegesTests
{
    private const string Entry =
        "-A -p tcp -s 10.1.0.2 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.2 --reply-port-src 8080 --reply-port-dst 1000 --state SYN_SENT --timeout 100";

    [Fact]
    public void Collector_WithTwoCapabilitiesAndAReadOnlyRoot_SeesAndFlushes()
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        ConntrackProgram.Load(scratch.Inside, [Entry]);

        string output = Run(
            scratch, state.Path,
            $"touch /cctest-read-only 2>/dev/null && echo WRITABLE; grep -E 'CapEff|NoNewPrivs' /proc/self/status; \"$0\" capabilities; \"$0\" flush --pod-ip 10.244.0.1 --yes --state {state.Path} 2>&1");

        Assert.DoesNotContain("WRITABLE", output, StringComparison.Ordinal);
        Assert.Matches(@"CapEff:\s+0000000000003000\n", output);
        Assert.Matches(@"NoNewPrivs:\s+1\n", output);
        foreach (string capability in (string[])["dump", "events", "resets.trace", "resets.packet"])
            Assert.Matches($"yes +{capability.Replace(".", @"\.", StringComparison.Ordinal)} ", output);
        Assert.Contains("1 deleted", output, StringComparison.Ordinal);
        Assert.Empty(ConntrackProgram.List(scratch.Inside));
        Assert.NotNull(Assert.Single(new ActionJournal(state.Path).Where(_ => true)).End);
    }

    // As documented in the manifests for each capability.
    [Theory]
    [InlineData("net_admin", "dump events resets.trace")]
    [InlineData("net_raw", "resets.trace resets.packet")]
    public void Collector_WithOneCapability_SeesWhatItGives(string capability, string sees)
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();

        string output = Run(scratch, state.Path, "\"$0\" capabilities", "+" + capability);

        foreach (string name in (string[])["dump", "events", "resets.trace", "resets.packet"])
            Assert.Matches($"{(sees.Split(' ').Contains(name) ? "yes" : "NO")} +{name.Replace(".", @"\.", StringComparison.Ordinal)} ", output);
    }

    // The mounts are in a mount namespace of the test.
    private static string Run(ScratchNamespace scratch, string writable, string script, string capabilities = "+net_admin,+net_raw")
    {
        string prepare = $"""
            mount --make-rprivate / &&
            (mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing) &&
            mount --bind {writable} {writable} &&
            mount -o remount,bind,ro / &&
            cd / && exec setpriv --bounding-set -all,{capabilities} --inh-caps -all --no-new-privs sh -c '{script.Replace("'", "'\\''", StringComparison.Ordinal)}' {Programs.Collector}
            """;
        var start = new ProcessStartInfo("unshare", ["--mount", "sh", "-c", prepare]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = scratch.Inside.Run(() => Process.Start(start)!);
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + errors.Result);
        return output;
    }
}
