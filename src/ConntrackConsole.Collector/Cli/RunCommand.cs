using System.CommandLine;
using System.Reflection;
using ConntrackConsole.Collector.Commands;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>run: the daemon. Observes, reports to the console, executes what the console orders and the node's guards allow.</summary>
internal static class RunCommand
{
    public static Command Build()
    {
        var console = new Option<ConsoleAddress>("--console")
        {
            Description = $"The console: http://host:port, https://host or unix:/path. {NodeCredential.TokenVariable} in the environment is its Collectors:Token, from which this node's secret is made; or {NodeCredential.SecretVariable} is that secret alone.",
            HelpName = "URL",
            Required = true,
            CustomParser = result =>
            {
                try
                {
                    return ConsoleAddress.Parse(result.Tokens[0].Value);
                }
                catch (FormatException failure)
                {
                    result.AddError(failure.Message);
                    return null!;
                }
            },
        };
        var node = new Option<string>("--node") { Description = "This node's name in the cluster.", HelpName = "NAME", Required = true };
        node.Validators.Add(result =>
        {
            string name = result.GetValueOrDefault<string>() ?? "";
            if (!NodeName.IsValid(name))
                result.AddError($"'{name}' is no node name: lower-case letters, digits, '-' and '.', {NodeName.MaxLength} at most.");
        });
        var state = new Option<string>("--state") { Description = "Directory of the journal and of frames that wait for the console; must be kept over restarts.", HelpName = "DIR", Required = true };
        var ranges = Options.PodCidr();
        var source = Options.Resets();
        var observeOnly = new Option<bool>(ObserveOnly.Option)
        {
            Description = $"Only look: refuse every command of the console, which cannot lift it. {ObserveOnly.Variable}=1 in the environment does the same.",
        };
        var command = new Command("run", """
            Runs as the node's collector until it is told to stop: reports to the console every second, and does what the console orders
            and this node's own guards allow.

            Example: conntrack-collector run --console https://console.example --node worker-3 --state /var/lib/conntrack-collector --pod-cidr 10.244.0.0/16
            """) { console, node, state, ranges, source, observeOnly };
        command.SetAction((parsed, stop) => RunAsync(
            parsed.GetValue(console)!, parsed.GetValue(node)!, parsed.GetValue(state)!, parsed.GetValue(ranges) ?? [], parsed.GetValue(source),
            parsed.GetValue(observeOnly), stop));
        return command;
    }

    private static async Task<int> RunAsync(
        ConsoleAddress console, string node, string state, IReadOnlyList<Cidr> ranges, ResetChoice source, bool observeOnly,
        CancellationToken stop)
    {
        var pass = NodeCredential.Of(node, Environment.GetEnvironmentVariable(NodeCredential.TokenVariable), Environment.GetEnvironmentVariable(NodeCredential.SecretVariable));
        ActionJournal journal;
        Spill spill;
        try
        {
            journal = new ActionJournal(state, log: Console.Error);
            spill = Spill.Open(state);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"--state {state} cannot be used: {failure.Message}");
        }

        long startedAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        using var outbox = new Outbox(startedAtMs, spill, Console.Error);
        using var resets = ResetSource.OpenOrSay(source, Console.Error);
        var refusal = ObserveOnly.Refusal(node, observeOnly, Environment.GetEnvironmentVariable(ObserveOnly.Variable));
        if (refusal is not null)
            Console.Error.WriteLine(refusal.Message);
        var capabilities = Capabilities.Probe(refusal?.Message);
        if (capabilities.First(capability => capability.Name == Capabilities.Events) is { Available: false } missing)
            throw new CommandException(ExitCode.Usage, missing.Detail);

        using var proxy = new KubeProxyScraper(TimeProvider.System);
        var observer = new NodeObserver(new Grouping(ranges), TimeProvider.System, resets, outbox.TakeDropped) { Proxy = proxy };
        string version = typeof(RunCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";
        var kernel = RunningKernel.Read();
        var clock = new ConsoleClock(TimeProvider.System);
        var flushes = new FlushHandler(node, TimeProvider.System, journal, new Sysctl(), observer.OwnNetlinkPorts, refusal, () => clock.NowMs);
        var settings = new SettingHandler(
            node, TimeProvider.System, journal, new SettingValues(new Sysctl()), kernel.BootId, () => proxy.Last, refusal, () => clock.NowMs, Console.Error);
        if (refusal is not null && settings.OpenCount is > 0 and var open)
            Console.Error.WriteLine($"{open} changes of settings are open on this node, and one that only looks sets nothing back: do it by hand, the old values are in {state}/journal.jsonl.");
        observer.Filter = () => settings.IsOpen(SettingCatalog.DropInvalid) ? FilterSetting.Read().Value : null;
        var link = new ConsoleLink(
            console, pass,
            () => new Hello(node, version, kernel.BootId, kernel.Release, startedAtMs, capabilities, new Sysctl().ReadAll()),
            outbox, clock, new CommandDispatcher(journal, flushes, settings, new RecallHandler(node, journal, flushes, settings), stop), list => observer.Radar.Watch(list.PodIps ?? []), observer.RequestKeyFrame, Console.Error);

        // If either ends, the other has nothing left to do: the process ends with the fault, and its supervisor restarts it.
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var observing = Task.Factory.StartNew(
            () => observer.Run(Send, both.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var linking = link.RunAsync(both.Token);
        var asking = proxy.RunAsync(both.Token);
        var acting = Task.Factory.StartNew(
            () => new ActionTimer(journal, flushes, settings, Console.Error).Run(both.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var lastFrameMade = new CancellationTokenSource();
        var spilling = outbox.RunAsync(lastFrameMade.Token);
        await Task.WhenAny(observing, linking);
        await both.CancelAsync();
        await Task.WhenAll(observing, linking, asking, acting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await lastFrameMade.CancelAsync();
        await spilling;
        await Task.WhenAll(observing, linking, asking, acting);
        return ExitCode.Ok;

        void Send(NodeFrame frame)
        {
            if (frame.Cost is { } cost)
                frame.Cost = cost with { ClockOffsetMs = clock.OffsetMs, OutboxFrames = (uint)outbox.Unacknowledged };
            outbox.Add(frame);
        }
    }
}
