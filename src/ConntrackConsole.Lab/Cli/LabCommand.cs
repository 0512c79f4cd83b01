using ConntrackConsole.CommandLine;
using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Lab.Cli;

/// <summary>The root command.</summary>
internal static class LabCommand
{
    private static readonly string Description = $$"""
        Reproduces a real incident ("connections reset when pods terminate") on this machine: three network namespaces as
        nodes, pods in separate namespaces, a Service with real translation rules, real TCP clients and servers, a small
        Kubernetes API server, and the console with a collector on each node to observe it. Requires Linux and root. No packet
        can leave the machine, the machine's own network is not changed, and everything is removed at exit.

        Scenarios, each a rolling update of the Service `checkout`:
        {{Lines(ScenarioRegistry.InTurn)}}

        Scenarios with Services of their own:
        {{Lines(ScenarioRegistry.WithServices.Where(scenario => scenario.Mechanism is not null))}}

        Scenarios that look like a fault, and must lead to no finding:
        {{Lines(ScenarioRegistry.WithServices.Where(scenario => scenario.Mechanism is null))}}

        Several scenarios at once:
        {{Lines(ScenarioRegistry.Mixes)}}

        Commands on standard input while it runs:
          rollout [SCENARIO]   start a rolling update
          scenario NAME        run any scenario
          invalid [N]          send N segments beyond the window
          abort [unread]       abort a connection of the client on node3 (SO_LINGER 0, or with its response unread)
          bad-image            roll out an image that does not exist, and undo it
          restart-api [N]      restart the API server: refused for N seconds (4), then 403, then 410 for each old watch
          delete-node          delete the object of node2: its pods are garbage-collected and replaced
          delete-namespace     delete the namespace: pods first, then everything else, without Events
          statefulset N        scale the StatefulSet db, which the first command creates; "restart" replaces its pods
          gap [SECONDS]        kill the collectors, and start them again after SECONDS (5)
          quit                 stop, like Ctrl-C

        --labels FILE contains one JSON line per event as observed by the clients and servers themselves. A line is written
        when its event is complete, so the lines are not ordered by t. Fields:
          t (Unix seconds), scenario, mechanism (such as M4, or null), code (of the right finding), service, kind (what was
          observed), node (the client's), orig and reply {src, sport, dst, dport}, resets (of this kind);
          followedBy (M1 only): resets from the backend that it causes at the client's next request.
        """;

    /// <param name="args">The arguments of the process.</param>
    /// <param name="error">What is wrong with them, or null.</param>
    public static ParseResult Parse(string[] args, out string? error)
    {
        // Without response files: '@' begins ordinary text.
        var parsed = Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        error = SwitchValues.Check(parsed, args) ?? (parsed.Errors is [var first, ..] ? first.Message : null);
        return parsed;
    }

    private static RootCommand Create()
    {
        var scenario = new Option<string?>("--scenario") { Description = "Run only this scenario (default: each rolling update in turn).", HelpName = "NAME" };
        var interval = new Option<string?>("--interval") { Description = "Seconds between the starts of two scenarios (default: 60).", HelpName = "SECONDS" };
        var rollouts = new Option<string?>("--rollouts") { Description = "Number of scenarios to run; the lab keeps running afterwards (default: no limit).", HelpName = "N" };
        var connections = new Option<string?>("--connections") { Description = "Keep-alive connections per client (default: 6).", HelpName = "N" };
        var port = new Option<string?>("--port") { Description = "The console's port on 127.0.0.1 (default: 5080; each further lab uses another one).", HelpName = "PORT" };
        var labels = new Option<string?>("--labels") { Description = "Write the ground truth to this file as JSON lines (not ordered by t).", HelpName = "FILE" };
        var events = new Option<string?>("--events") { Description = "Write every step and what each client observed to this file as JSON lines.", HelpName = "FILE" };
        var data = new Option<string?>("--data") { Description = "Keep databases and logs in this directory (default: a temporary directory, removed at exit).", HelpName = "DIR" };
        var withoutConsole = new Option<bool>("--without-console") { Description = "Run only the network and the workload, without console and collectors." };
        var forbid = new Option<string[]>("--forbid") { Description = "Resource that the console may not read, such as events: the API server returns 403. Repeatable.", HelpName = "KIND" };
        var probes = new Option<bool>("--probes") { DefaultValueFactory = _ => true, Description = "Probe each server pod once a second from its node, as its readinessProbe requires: up to 120 TIME_WAIT entries per pod (default: true)." };
        var variant = new Option<string?>("--variant") { Description = $"How this lab differs from the plain one: {LabVariant.Form}.", HelpName = "LIST" };
        var root = new RootCommand(Description) { scenario, interval, rollouts, connections, port, labels, events, data, withoutConsole, forbid, probes, variant };
        foreach (var command in WorkloadCommands.All())
        {
            command.Hidden = true;
            root.Add(command);
        }

        root.SetAction(async (result, _) =>
        {
            if (Requirements.Missing() is { } missing)
                return Usage.Error(missing);
            Scenario? wanted = null;
            if (result.GetValue(scenario) is { } name && (wanted = ScenarioRegistry.TryParse(name)) is null)
                return Usage.Error($"--scenario {name}: unknown scenario; use {string.Join(", ", ScenarioRegistry.All.Concat(ScenarioRegistry.Mixes))}.");
            if (!TryNumber(result.GetValue(interval), 1, 86_400, out int? seconds))
                return Usage.Error($"--interval {result.GetValue(interval)}: must be a whole number of seconds from 1 to 86400.");
            if (!TryNumber(result.GetValue(rollouts), 0, int.MaxValue, out int? count))
                return Usage.Error($"--rollouts {result.GetValue(rollouts)}: must be a whole number, 0 or greater.");
            if (!TryNumber(result.GetValue(connections), 1, 1000, out int? each))
                return Usage.Error($"--connections {result.GetValue(connections)}: must be a whole number from 1 to 1000.");
            if (!TryNumber(result.GetValue(port), 1, 65_535, out int? requestedPort))
                return Usage.Error($"--port {result.GetValue(port)}: must be a number from 1 to 65535.");
            if (requestedPort is not null && Observers.FindPort(requestedPort) is null)
                return Usage.Error($"Port {requestedPort} on 127.0.0.1 is not available; choose another with --port.");
            string[] forbidden = result.GetValue(forbid) ?? [];
            if (forbidden.FirstOrDefault(kind => ResourceKind.All.All(known => known.Plural != kind)) is { } unknown)
                return Usage.Error($"--forbid {unknown}: unknown resource; use {string.Join(", ", ResourceKind.All.Select(kind => kind.Plural))}.");
            if (LabVariant.TryParse(result.GetValue(variant) ?? "") is not { } different)
                return Usage.Error($"--variant {result.GetValue(variant)}: unknown; use {LabVariant.Form}.");
            if (wanted?.Supports(different) == false)
                return Usage.Error($"--scenario {wanted.Name}: it is not possible with --variant {different}.");

            var options = new LabOptions(wanted, TimeSpan.FromSeconds(seconds ?? 60), count, each ?? 6, requestedPort,
                result.GetValue(labels), result.GetValue(events), result.GetValue(data) is { } directory ? Path.GetFullPath(directory) : null,
                !result.GetValue(withoutConsole), forbidden, result.GetValue(probes)) { Variant = different };
            return await RunAsync(options);
        });
        return root;
    }

    private static string Lines(IEnumerable<Scenario> scenarios) => string.Join('\n', scenarios.Select(scenario =>
        $"  {scenario.Name,-22} {scenario.Summary}{(scenario.Mechanism is { } mechanism ? $" ({mechanism})" : "")}"));

    private static async Task<int> RunAsync(LabOptions options)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = Stop(PosixSignal.SIGINT);
        using var terminate = Stop(PosixSignal.SIGTERM);
        using var hangUp = Stop(PosixSignal.SIGHUP);
        using var quit = Stop(PosixSignal.SIGQUIT);
        try
        {
            await IncidentLab.RunAsync(options, stop.Token);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Usage.Error(e.Message);
        }
        catch (Exception e) when (e is InvalidOperationException or NetlinkException or TimeoutException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }

        PosixSignalRegistration Stop(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
    }

    private static bool TryNumber(string? text, int min, int max, out int? number)
    {
        number = null;
        if (text is null)
            return true;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) || parsed < min || parsed > max)
            return false;
        number = parsed;
        return true;
    }
}
