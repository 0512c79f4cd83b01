using System.Diagnostics;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

public class ObserveOnlyTests
{
    private const string Pod = "10.244.0.1";
    private const string Entry =
        "-A -p tcp -s 10.1.0.2 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.2 --reply-port-src 8080 --reply-port-dst 1000 --state SYN_SENT --timeout 100";

    [Theory]
    [InlineData(false, null, false)]
    [InlineData(false, "", false)]
    [InlineData(false, " 0 ", false)]
    [InlineData(false, "False", false)]
    [InlineData(false, "1", true)]
    [InlineData(false, "true", true)]
    [InlineData(false, "yess", true)]
    [InlineData(true, "0", true)]
    public void Refusal_OptionOrVariable_NamesTheNodeAndTheSwitch(bool option, string? variable, bool refuses)
    {
        var refusal = ObserveOnly.Refusal("node1", option, variable);

        Assert.Equal(refuses, refusal is not null);
        if (refuses)
            Assert.Matches($"^Node node1 is observe-only .*{(option ? "--observe-only" : "CONNTRACK_COLLECTOR_OBSERVE_ONLY")}", refusal!.Message);
    }

    [Fact]
    public void FlushHandler_ObserveOnly_RefusesPreviewsAndFlushes()
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        ConntrackProgram.Load(scratch.Inside, [Entry]);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var acts = new FlushHandler("node1", time, new ActionJournal(state.Path), new Sysctl());
        var looks = new FlushHandler("node1", time, new ActionJournal(state.Path), new Sysctl(), observeOnly: new Reason(NodeReasons.ObserveOnly, "only looks"));
        var statement = new OwnershipStatement(Pod, OwnerState.Gone, null, time.GetUtcNow().ToUnixTimeMilliseconds());
        var preview = scratch.Inside.Run(() => acts.Preview(new PreviewRequest("p1", Pod, statement)));
        Assert.Single(preview.Entries);

        var refused = scratch.Inside.Run(() => looks.Preview(new PreviewRequest("p1", Pod, statement)));
        var result = scratch.Inside.Run(() => looks.Flush(new FlushNodeCommand(new NodeCommand("a1", "ada", null, "test", false, long.MaxValue), "p1", preview.Digest, statement)));

        Assert.Equal(("only looks", "only looks"), (refused.Refusal, result.Refusal));
        Assert.Equal((NodeReasons.ObserveOnly, NodeReasons.ObserveOnly), (refused.RefusalCode, result.Code));
        Assert.Empty(refused.Entries);
        Assert.Single(ConntrackProgram.List(scratch.Inside));
        Assert.Empty(new ActionJournal(state.Path).Where(_ => true));
    }

    [Theory]
    [InlineData("flush --pod-ip 10.244.0.1 --yes")]
    [InlineData("flush --pod-ip 10.244.0.1 --yes --preset all --break-glass --reason INC-1")]
    [InlineData("sysctl set nf_conntrack_tcp_loose 0 --yes")]
    [InlineData("sysctl set nf_conntrack_tcp_loose 0")]
    public void Program_ObserveOnlyEnvironment_RefusesWithExit3AndChangesNothing(string arguments)
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        ConntrackProgram.Load(scratch.Inside, [Entry]);

        var (code, output, errors) = Run(scratch, [.. arguments.Split(' '), "--state", state.Path]);

        Assert.Equal((3, ""), (code, output));
        Assert.EndsWith($" [{NodeReasons.ObserveOnly}]", Assert.Single(errors.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Single(ConntrackProgram.List(scratch.Inside));
        Assert.Empty(Directory.GetFiles(state.Path));
    }

    [Fact]
    public void Program_ObserveOnlyEnvironment_AllowsReads()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [Entry]);

        Assert.Equal(0, Run(scratch, ["flush", "--pod-ip", Pod]).Code); // only lists
        Assert.Equal(0, Run(scratch, ["sysctl", "get"]).Code);
        var (code, output, _) = Run(scratch, ["capabilities"]);

        Assert.Equal(0, code);
        Assert.Matches(@"NO +commands +Node .* is observe-only", output);
        Assert.Matches("yes +events ", output);
    }

    [Fact]
    public async Task Daemon_WithTheArgumentsOfTheDaemonSet_LogsThatItIsObserveOnly()
    {
        using var scratch = new ScratchNamespace();
        using var state = new TemporaryDirectory();
        using var process = CollectorProgram.Start(
            scratch.Inside, "run", "--observe-only", "--console=http://127.0.0.1:1", "--node=node1", $"--state={state.Path}");
        try
        {
            string? first = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken).AsTask()
                .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

            Assert.Equal(ObserveOnly.Refusal("node1", option: true, null)!.Message, first);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static (int Code, string Output, string Errors) Run(ScratchNamespace scratch, string[] arguments)
    {
        var start = new ProcessStartInfo(Programs.Collector, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[ObserveOnly.Variable] = "1";
        using var process = scratch.Inside.Run(() => Process.Start(start)!);
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
