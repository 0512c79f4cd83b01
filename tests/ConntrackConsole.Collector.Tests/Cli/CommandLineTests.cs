using System.Text.Json;
using ConntrackConsole.Collector.Cli;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Nftables;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Cli;

public class CommandLineTests
{
    private const string Established =
        "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 200 -u SEEN_REPLY,ASSURED";

    private const string SynSent =
        "-A -p tcp -s 10.1.0.2 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.2 --reply-port-src 8080 --reply-port-dst 1000 --state SYN_SENT --timeout 100";

    private const string OfAnotherPod =
        "-A -p tcp -s 10.1.0.3 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.2 -q 10.1.0.3 --reply-port-src 8080 --reply-port-dst 1000 --state SYN_SENT --timeout 100";

    [Fact]
    public void Configuration_AfterSigterm_LeavesTheDaemonMostOfAPodsGracePeriod() =>
        Assert.InRange(CollectorCommands.Configuration().ProcessTerminationTimeout!.Value.TotalSeconds, 20, 28);

    [Theory]
    [InlineData("--bogus")]
    [InlineData("summary --pod-cidr 10.244.0.1/16")]
    [InlineData("flows --pod-ip 010.0.0.1")]
    [InlineData("flows --pod-ip ::ffff:10.0.0.1")]
    [InlineData("flows --pod-ip 10.0.0.0/8")]
    [InlineData("flows --service 10.96.0.1")]
    [InlineData("resets --seconds 0")]
    [InlineData("resets --resets Packet")]
    [InlineData("watch --resets none")]
    [InlineData("run --console http://localhost:1 --node n --state /tmp/s --resets 1")]
    [InlineData("flush")]
    [InlineData("explain")]
    [InlineData("explain --pod-ip 10.0.0.1 --seconds 0")]
    [InlineData("sysctl get kernel.hostname")]
    [InlineData("sysctl set nf_conntrack_tcp_loose 2 --yes")]
    [InlineData("sysctl set nf_conntrack_tcp_loose yes")]
    [InlineData("sysctl set nf_conntrack_count 1 --yes")]
    [InlineData("sysctl set ../../kernel/hostname 1 --yes")]
    [InlineData("flush --pod-ip 10.244.0.1 --preset everything")]
    [InlineData("run --console ftp://x --node n --state /tmp/s")]
    [InlineData("run --console unix:relative --node n --state /tmp/s")]
    [InlineData("run --console http://localhost:1 --node N%41ME --state /tmp/s")]
    [InlineData("run --console http://localhost:1 --node n --state /proc/nowhere")]
    public void WrongInput_IsOneSentenceWithACodeAndExit2(string arguments)
    {
        var (exitCode, output, errors) = CollectorProgram.Run(null, arguments.Split(' '));

        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Matches(@" \[(cli|setting)\.[a-z_]+\]$", Assert.Single(errors.Trim().Split('\n')));
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sysctl set nf_conntrack_acct --yes=1 --reason x --state STATE", "sysctl set")]
    [InlineData("sysctl set nf_conntrack_acct 1 --reason x --yes:no --state STATE", "sysctl set")]
    [InlineData("flush --pod-ip 10.244.0.1 --yes= --state STATE", "flush")]
    [InlineData("flush --pod-ip 10.244.0.1 --break-glass=yes --state STATE", "flush")]
    [InlineData("summary --json=1", "summary")]
    [InlineData("run --console http://localhost:1 --node n --state STATE --observe-only=0", "run")]
    public void Switch_ValueOtherThanTrueOrFalse_IsRefusedAndChangesNothing(string arguments, string command)
    {
        using var scratch = Loaded();
        using var state = new TemporaryDirectory();

        var (exitCode, output, errors) = CollectorProgram.Run(scratch.Inside, arguments.Replace("STATE", state.Path, StringComparison.Ordinal).Split(' '));

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Matches($"takes true or false.*'conntrack-collector {command} --help'. \\[{CommandLineReasons.Usage}\\]$", Assert.Single(errors.Trim().Split('\n')));
        Assert.Equal("net.netfilter.nf_conntrack_acct = 0\n", CollectorProgram.Run(scratch.Inside, "sysctl", "get", "nf_conntrack_acct").Output);
        Assert.Empty(Directory.GetFiles(state.Path));
    }

    [Theory]
    [InlineData("--yes=false", 3)]
    [InlineData("--yes=True", 2)]
    public void Switch_TrueOrFalse_IsTaken(string yes, int left)
    {
        using var scratch = Loaded();
        using var state = new TemporaryDirectory();

        Assert.Equal(0, CollectorProgram.Run(scratch.Inside, "flush", "--pod-ip", "10.244.0.1", yes, "--state", state.Path).ExitCode);

        Assert.Equal(left, ConntrackProgram.List(scratch.Inside).Count);
    }

    // Every key of 'set' can be read; where this kernel does not have it, the reason is that and not the key.
    [Fact]
    public void SysctlGet_TakesEveryKeyThatSetTakes()
    {
        using var scratch = new ScratchNamespace();
        foreach (var kind in SettingCatalog.All)
        {
            var (exitCode, output, errors) = CollectorProgram.Run(scratch.Inside, "sysctl", "get", kind.Key);

            Assert.True(exitCode == 0 ? output.StartsWith(kind.Key + " = ", StringComparison.Ordinal) : exitCode == 1 && errors.Length > 20, $"{kind.Key}: {exitCode} {output}{errors}");
        }

        Assert.Contains("nftables.drop_invalid = off", CollectorProgram.Run(scratch.Inside, "sysctl", "get").Output, StringComparison.Ordinal);
        Assert.Contains("'conntrack-collector sysctl get --help'", CollectorProgram.Run(scratch.Inside, "sysctl", "get", "nonsense").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void SysctlSet_DryRunWhileTheFilterIsArmed_NamesTheAction()
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        string[] set = ["sysctl", "set", "nftables.drop_invalid", "--state", state.Path, "--reason", "INC-1"];
        Assert.Equal(0, CollectorProgram.Run(scratch.Inside, [.. set, "forward", "--yes"]).ExitCode);

        var (exitCode, _, errors) = CollectorProgram.Run(scratch.Inside, [.. set, "forward+input"]);

        Assert.Equal(3, exitCode);
        Assert.Contains("by the action ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("not in this journal", errors, StringComparison.Ordinal);
    }

    // No daemon runs: the kernel disarms the filter, and its table stays until the next command.
    [Theory]
    [InlineData("sysctl", "set", "nf_conntrack_acct", "1")]
    [InlineData("sysctl", "revert", "nf_conntrack_acct")]
    [InlineData("flush", "--pod-ip", "10.244.0.1", "--yes")]
    public void Filter_Expired_ItsTableIsRemovedByTheNextCommand(params string[] command)
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        string[] set = ["sysctl", "set", "nftables.drop_invalid", "forward", "--state", state.Path, "--reason", "INC-1", "--yes", "--revert-after"];
        Assert.Equal(0, CollectorProgram.Run(scratch.Inside, [.. set, "10m"]).ExitCode);
        CollectorProgram.Run(scratch.Inside, [.. command, "--state", state.Path]);
        Assert.True(scratch.Inside.Run(() => ArmedFilter.TryRead(out _)), "an armed filter must stay");
        Assert.Equal(0, CollectorProgram.Run(scratch.Inside, "sysctl", "revert", "nftables.drop_invalid", "--state", state.Path, "--reason", "over", "--yes").ExitCode);

        Assert.Contains($"with --state {state.Path} then removes its empty table", CollectorProgram.Run(scratch.Inside, [.. set, "1s"]).Errors, StringComparison.Ordinal);
        var open = Assert.Single(new ActionJournal(state.Path).Where(act => act.IsOpenChange));
        Eventually.True(() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() > open.Begin.RevertAtMs && scratch.Inside.Run(() => ArmedFilter.TryRead(out var filter) && !filter.IsArmed));
        CollectorProgram.Run(scratch.Inside, [.. command, "--state", state.Path]);

        Assert.False(scratch.Inside.Run(() => ArmedFilter.TryRead(out _)), "the empty table remains");
        var revert = new ActionJournal(state.Path).Where(act => act.Begin.ChangeId == open.ActionId).Single();
        Assert.Equal((JournalOrigin.Timer, SettingOutcome.Reverted), (revert.Begin.Origin, revert.End!.Setting!.Outcome));
    }

    [Fact]
    public void FlowsAndFlush_PrintTheZone()
    {
        using var scratch = new ScratchNamespace();
        const string entry = "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state SYN_SENT --timeout 100";
        ConntrackProgram.Load(scratch.Inside, [entry, entry + " -w 7"]);

        foreach (string[] command in (string[][])[["flows"], ["flush", "--pod-ip", "10.244.0.1"]])
        {
            string[] lines = CollectorProgram.Run(scratch.Inside, command).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(2, lines.Length);
            Assert.Single(lines, line => line.Contains("zone 7", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Flush_ReasonThatBeginsWithAnAtSign_IsText()
    {
        using var scratch = Loaded();
        using var state = new TemporaryDirectory();

        var (exitCode, _, errors) = CollectorProgram.Run(
            scratch.Inside, "flush", "--pod-ip", "10.244.0.1", "--yes", "--reason", "@olivia asked", "--state", state.Path);

        Assert.True(exitCode == 0, errors);
        Assert.Equal("@olivia asked", Assert.Single(new ActionJournal(state.Path).Where(_ => true)).Begin.Reason);
    }

    [Theory]
    [InlineData("sysctl set", "'conntrack-collector sysctl set --help'")]
    [InlineData("flush", "'conntrack-collector flush --help'")]
    [InlineData("--bogus", "'conntrack-collector --help'")]
    public void WrongInput_Hint_NamesTheCommandThatWasTyped(string arguments, string hint) =>
        Assert.Contains(hint, CollectorProgram.Run(null, arguments.Split(' ')).Errors, StringComparison.Ordinal);

    [Fact]
    public void Flush_WithoutYes_DeletesNothing()
    {
        using var scratch = Loaded();

        var (exitCode, output, _) = CollectorProgram.Run(scratch.Inside, "flush", "--pod-ip", "10.244.0.1", "--preset", "all", "--json");

        Assert.Equal(0, exitCode);
        Assert.Equal(2, JsonDocument.Parse(output).RootElement.GetProperty("entries").GetArrayLength());
        Assert.Equal(3, ConntrackProgram.List(scratch.Inside).Count);
    }

    [Fact]
    public void Flush_Safe_DeletesOnlySafeEntries()
    {
        using var scratch = Loaded();
        using var state = new TemporaryDirectory();

        var (exitCode, output, _) = CollectorProgram.Run(
            scratch.Inside, "flush", "--pod-ip", "10.244.0.1", "--yes", "--json", "--state", state.Path);

        Assert.Equal(0, exitCode);
        Assert.Equal(1, JsonDocument.Parse(output).RootElement.GetProperty("deleted").GetInt32());
        Assert.Equal(["10.1.0.1", "10.1.0.3"], ConntrackProgram.List(scratch.Inside).Select(entry => entry.Src).Order());
        string[] journal = File.ReadAllLines(Path.Combine(state.Path, "journal.jsonl"));
        Assert.Equal(["journal", "begin", "end"], journal.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("phase").GetString()));
    }

    [Fact]
    public void Flush_BeyondSafeWithoutBreakGlass_IsRefusedWith3()
    {
        using var scratch = Loaded();

        var (exitCode, _, errors) = CollectorProgram.Run(
            scratch.Inside, "flush", "--pod-ip", "10.244.0.1", "--preset", "dead-backend", "--yes");

        Assert.Equal(3, exitCode);
        Assert.EndsWith($"[{CommandLineReasons.BreakGlassRequired}]\n", errors, StringComparison.Ordinal);
        Assert.Equal(3, ConntrackProgram.List(scratch.Inside).Count);
    }

    [Fact]
    public void Flush_BreakGlass_KeepsEntriesOfOtherPods()
    {
        using var scratch = Loaded();
        using var state = new TemporaryDirectory();

        var (exitCode, _, _) = CollectorProgram.Run(
            scratch.Inside, "flush", "--pod-ip", "10.244.0.1", "--preset", "dead-backend", "--yes", "--break-glass", "--reason", "test", "--state", state.Path);

        Assert.Equal(0, exitCode);
        Assert.Equal("10.1.0.3", Assert.Single(ConntrackProgram.List(scratch.Inside)).Src);
    }

    [Fact]
    public void Flush_UnwritableJournal_DeletesNothing()
    {
        using var scratch = Loaded();

        var (exitCode, _, errors) = CollectorProgram.Run(
            scratch.Inside, "flush", "--pod-ip", "10.244.0.1", "--yes", "--state", "/proc/nowhere");

        Assert.NotEqual(0, exitCode);
        Assert.EndsWith($"[{CommandLineReasons.IoFailed}]", Assert.Single(errors.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Equal(3, ConntrackProgram.List(scratch.Inside).Count);
    }

    [Fact]
    public void Sysctl_Set_WritesOnlyWithYes_AndJournalsTheOldValue()
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        string[] set = ["sysctl", "set", "nf_conntrack_tcp_be_liberal", "1", "--state", state.Path, "--reason", "test"];

        Assert.Equal(0, CollectorProgram.Run(scratch.Inside, set).ExitCode);
        Assert.Equal("net.netfilter.nf_conntrack_tcp_be_liberal = 0\n", CollectorProgram.Run(scratch.Inside, "sysctl", "get", "net.netfilter.nf_conntrack_tcp_be_liberal").Output);
        var (exitCode, output, errors) = CollectorProgram.Run(scratch.Inside, [.. set, "--yes", "--json"]);

        Assert.Equal(0, exitCode);
        Assert.StartsWith("""{"key":"net.netfilter.nf_conntrack_tcp_be_liberal","before":"0","wanted":"1","now":"1","dryRun":false,"revertAt":"20""", output, StringComparison.Ordinal);
        Assert.Contains("it is not reverted automatically", errors, StringComparison.Ordinal);
        Assert.Contains("sysctl revert nf_conntrack_tcp_be_liberal --yes", errors, StringComparison.Ordinal);
        Assert.Contains("\"net.netfilter.nf_conntrack_tcp_be_liberal\":\"1\"", CollectorProgram.Run(scratch.Inside, "sysctl", "get", "--json").Output, StringComparison.Ordinal);
        var journal = File.ReadAllLines(Path.Combine(state.Path, "journal.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["journal", "begin", "end"], journal.Select(line => line.GetProperty("phase").GetString()));
        Assert.Equal("0", journal[1].GetProperty("before").GetString());
        Assert.Equal(("test", "CommandLine"), (journal[1].GetProperty("reason").GetString(), journal[1].GetProperty("origin").GetString()));
    }

    [Fact]
    public void Sysctl_SetTwice_IsRefusedUntilTheFirstIsReverted()
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        string[] Set(string value) => ["sysctl", "set", "nf_conntrack_acct", value, "--state", state.Path, "--reason", "test", "--yes"];
        Assert.Equal(0, CollectorProgram.Run(scratch.Inside, Set("1")).ExitCode);

        var (refused, _, errors) = CollectorProgram.Run(scratch.Inside, Set("0"));
        var (dry, shown, _) = CollectorProgram.Run(scratch.Inside, "sysctl", "revert", "nf_conntrack_acct", "--state", state.Path);
        var (reverted, output, _) = CollectorProgram.Run(scratch.Inside, "sysctl", "revert", "nf_conntrack_acct", "--state", state.Path, "--reason", "over", "--yes");

        Assert.Equal((3, 0, 0), (refused, dry, reverted));
        Assert.EndsWith($"[{SettingReasons.OpenChange}]\n", errors, StringComparison.Ordinal);
        Assert.Contains("1 → 0; nothing was changed", shown, StringComparison.Ordinal);
        Assert.Contains("1 → 0, is 0", output, StringComparison.Ordinal);
        Assert.Equal("net.netfilter.nf_conntrack_acct = 0\n", CollectorProgram.Run(scratch.Inside, "sysctl", "get", "nf_conntrack_acct").Output);
        Assert.Equal(1, CollectorProgram.Run(scratch.Inside, "sysctl", "revert", "nf_conntrack_acct", "--state", state.Path).ExitCode);
    }

    [Theory]
    [InlineData("nf_conntrack_acct 1 --yes", 2, NodeReasons.MissingReason)]
    [InlineData("nf_conntrack_acct 1 --yes --reason x --revert-after 25h", 3, SettingReasons.InvalidRevertTime)]
    [InlineData("nf_conntrack_log_invalid 6 --yes --reason x --revert-after 2m", 3, SettingReasons.InvalidRevertTime)]
    [InlineData("nf_conntrack_acct 1 --yes --reason x --revert-after soon", 2, CommandLineReasons.Usage)]
    [InlineData("nf_conntrack_tcp_timeout_established 3600 --yes --reason x", 2, SettingReasons.UnknownKey)]
    [InlineData("ipvs.timeout_tcp 60 --yes --reason x", 1, SettingReasons.Unreadable)]
    [InlineData("nftables.drop_invalid off --yes --reason x", 3, SettingReasons.FilterOff)]
    public void Sysctl_InvalidSet_ChangesNothing(string arguments, int exit, string code)
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();

        var (exitCode, _, errors) = CollectorProgram.Run(scratch.Inside, ["sysctl", "set", .. arguments.Split(' '), "--state", state.Path]);

        Assert.Equal(exit, exitCode);
        Assert.EndsWith($" [{code}]", Assert.Single(errors.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(new ActionJournal(state.Path).Where(_ => true));
    }

    [Fact]
    public void Sysctl_UnwritableJournal_ChangesNothing()
    {
        using var scratch = new ScratchNamespace();

        Assert.NotEqual(0, CollectorProgram.Run(scratch.Inside, "sysctl", "set", "nf_conntrack_acct", "1", "--yes", "--reason", "x", "--state", "/proc/nowhere").ExitCode);

        Assert.Equal("net.netfilter.nf_conntrack_acct = 0\n", CollectorProgram.Run(scratch.Inside, "sysctl", "get", "nf_conntrack_acct").Output);
    }

    [Fact]
    public void Help_OfEveryCommand_HasAnExample()
    {
        foreach (string command in (string[])["run", "summary", "flows", "watch", "resets", "explain", "flush", "sysctl", "capabilities"])
        {
            var (exitCode, output, _) = CollectorProgram.Run(null, command, "--help");
            Assert.Equal(0, exitCode);
            Assert.Contains($"Example: conntrack-collector {command}", output, StringComparison.Ordinal);
        }

        Assert.Contains("explain", CollectorProgram.Run(null, "--help").Output, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+", CollectorProgram.Run(null, "--version").Output);
    }

    [Fact]
    public void Summary_WithoutCapNetAdmin_ExitsWithInstructions()
    {
        var start = new System.Diagnostics.ProcessStartInfo(
            "setpriv", ["--bounding-set", "-net_admin", "--inh-caps", "-net_admin", "--reuid", "0", Programs.Collector, "summary"])
        { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = System.Diagnostics.Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.Equal(2, process.ExitCode);
        Assert.Contains("CAP_NET_ADMIN", errors, StringComparison.Ordinal);
        Assert.EndsWith($"[{CommandLineReasons.NoPermission}]", Assert.Single(errors.Trim().Split('\n')), StringComparison.Ordinal);
    }

    private static ScratchNamespace Loaded()
    {
        var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [Established, SynSent, OfAnotherPod]);
        return scratch;
    }
}
