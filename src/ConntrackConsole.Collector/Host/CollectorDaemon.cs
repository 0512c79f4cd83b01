using System.Reflection;
using ConntrackConsole.Collector.Commands.Dispatch;
using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Host;

/// <summary>Composition root of the node's daemon: observer, outbox, link to the console, command handlers and their timer.</summary>
internal sealed class CollectorDaemon(CollectorDaemonOptions options, TextWriter log)
{
    private readonly string _node = options.Credential.Node;

    /// <summary>Runs until cancelled, or until the observer or the link fails.</summary>
    /// <exception cref="DaemonStartException">The state directory or the kernel's events cannot be used.</exception>
    /// <exception cref="UplinkException">The console refuses this collector.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var (journal, spill) = OpenState();
        long startedAtMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        using var outbox = new Outbox(startedAtMs, spill, log);
        using var resets = ResetSource.OpenOrLog(options.Resets, log);
        if (options.ObserveOnly is not null)
            log.WriteLine(options.ObserveOnly.Message);
        var capabilities = ProbeCapabilities();
        using var proxy = new KubeProxyScraper(TimeProvider.System);
        var observer = new NodeObserver(new Grouping(options.PodRanges), TimeProvider.System, resets, outbox.TakeDropped) { Proxy = proxy };
        var kernel = RunningKernel.Read();
        var clock = new ConsoleClock(TimeProvider.System);
        var flushes = new FlushHandler(_node, TimeProvider.System, journal, new Sysctl(), observer.OwnNetlinkPorts, options.ObserveOnly, () => clock.NowMs, flushed: observer.FlushedConnections);
        var settings = new SettingHandler(
            _node, TimeProvider.System, journal, new SettingValues(new Sysctl()), kernel.BootId, () => proxy.Last, options.ObserveOnly, () => clock.NowMs, log);
        if (options.ObserveOnly is not null && settings.OpenCount is > 0 and var open)
            log.WriteLine($"{open} setting changes are open on this node, and an observe-only collector does not revert them: revert them manually; the previous values are in {options.StateDirectory}/journal.jsonl.");
        observer.Filter = () => settings.IsOpen(SettingCatalog.DropInvalid) ? FilterSetting.Read().Value : null;
        var commands = new CommandDispatcher(journal, flushes, settings, new RecallHandler(_node, journal, flushes, settings), stop);
        var link = new ConsoleLink(
            options.Console, options.Credential,
            () => new Hello(_node, Version, kernel.BootId, kernel.Release, startedAtMs, capabilities, new Sysctl().ReadAll()),
            outbox, clock, commands, list =>
            {
                observer.AddressWatcher.Watch(list.PodIps ?? []);
                observer.SetServices(list.Services);
            }, observer.RequestKeyFrame, log);
        var timer = new ActionTimer(journal, flushes, settings, log);

        // Observer and link need each other: if either ends, the process ends with the error and its supervisor restarts it.
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var observing = OnThread(() => observer.Run(Send, both.Token));
        var linking = link.RunAsync(both.Token);
        var scraping = proxy.RunAsync(both.Token);
        var timing = OnThread(() => timer.Run(both.Token));
        using var lastFrameMade = new CancellationTokenSource();
        var spilling = outbox.RunAsync(lastFrameMade.Token);
        await Task.WhenAny(observing, linking);
        await both.CancelAsync();
        await Task.WhenAll(observing, linking, scraping, timing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await lastFrameMade.CancelAsync();
        await spilling;
        await Task.WhenAll(observing, linking, scraping, timing);

        void Send(NodeFrame frame)
        {
            if (frame.Cost is { } cost)
                frame.Cost = cost with { ClockOffsetMs = clock.OffsetMs, OutboxFrames = (uint)outbox.Unacknowledged };
            outbox.Add(frame);
        }
    }

    private static string Version =>
        typeof(CollectorDaemon).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";

    private (ActionJournal Journal, Spill Spill) OpenState()
    {
        try
        {
            return (new ActionJournal(options.StateDirectory, log: log), Spill.Open(options.StateDirectory));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DaemonStartException(CommandLineReasons.StateUnusable, $"--state {options.StateDirectory} cannot be used: {failure.Message}", failure);
        }
    }

    private IReadOnlyList<Capability> ProbeCapabilities()
    {
        var capabilities = Capabilities.Probe(options.ObserveOnly?.Message);
        return capabilities.First(capability => capability.Name == Capabilities.Events) is { Available: false } missing
            ? throw new DaemonStartException(CommandLineReasons.EventsUnavailable, missing.Detail)
            : capabilities;
    }

    // A thread keeps its network namespace, in which sockets and /proc/sys/net are opened.
    private static Task OnThread(Action run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
