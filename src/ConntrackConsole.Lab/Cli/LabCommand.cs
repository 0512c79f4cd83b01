using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Incidents;

namespace ConntrackConsole.Lab.Cli;

/// <summary>The command that people type.</summary>
internal static class LabCommand
{
    private const string Description = """
        Plays a real incident ("connections reset when pods terminate") on this one machine: three network namespaces as
        nodes, pods in namespaces of their own, a Service with real translation rules, real TCP clients and servers, a small
        Kubernetes API server; and the console with a collector in each node to watch it. Needs Linux and root. Nothing of it
        can leave the machine, nothing of the machine's own network is changed, and all of it is removed at the end.

        Scenarios, each a rolling update of the Service `checkout`:
          healthy     every pod drains; nobody notices
          blackhole   one pod's network is gone before its process ends: its clients hang (M4) until someone flushes
          invalid     pods send segments beyond the window: clients reset the pod's own address (M1)
          early-exit  pods leave at SIGTERM without draining: the kernel resets their connections (M3)

        While it runs, it takes lines on standard input:
          rollout [SCENARIO]   a rolling update now
          invalid [N]          N segments beyond the window now
          abort [unread]       the client on node3 aborts a connection (SO_LINGER 0, or with its answer unread)
          quit                 as Ctrl-C

        --labels FILE gets one JSON line for each thing that truly happened, told by clients and servers themselves:
          t (Unix seconds), scenario, mechanism (M1, M3, M4 or null), kind (un-nated, from-backend, client-abort, hang),
          node (the client's), orig and reply {src, sport, dst, dport}, resets (of this kind);
          followedBy (M1 only): resets from the backend that came of it at the client's next request.
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
        var scenario = new Option<string?>("--scenario") { Description = "healthy, blackhole, invalid or early-exit (default: all in turn).", HelpName = "NAME" };
        var interval = new Option<string?>("--interval") { Description = "Seconds from one rolling update to the next (default: 60).", HelpName = "SECONDS" };
        var rollouts = new Option<string?>("--rollouts") { Description = "Stop acting after N rolling updates; the lab stays up (default: go on).", HelpName = "N" };
        var connections = new Option<string?>("--connections") { Description = "Keep-alive connections of each client (default: 6).", HelpName = "N" };
        var port = new Option<string?>("--port") { Description = "The console's port on 127.0.0.1 (default: 5080, for further labs another).", HelpName = "PORT" };
        var labels = new Option<string?>("--labels") { Description = "Write the ground truth here, JSON lines.", HelpName = "FILE" };
        var events = new Option<string?>("--events") { Description = "Write every step and what each client saw here, JSON lines.", HelpName = "FILE" };
        var data = new Option<string?>("--data") { Description = "Keep databases and logs here (default: a temporary directory, removed at the end).", HelpName = "DIR" };
        var withoutConsole = new Option<bool>("--without-console") { Description = "Only the network and the workload: no console, no collectors." };
        var forbid = new Option<string[]>("--forbid") { Description = "Kind that the console may not read, such as events: the API server answers 403. May be given several times.", HelpName = "KIND" };
        var root = new RootCommand(Description) { scenario, interval, rollouts, connections, port, labels, events, data, withoutConsole, forbid };
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
            if (result.GetValue(scenario) is { } name && (wanted = Scenarios.TryParse(name)) is null)
                return Usage.Error($"--scenario {name}: there is no such scenario; use {string.Join(", ", Scenarios.All.Select(entry => entry.Name))}.");
            if (!TryNumber(result.GetValue(interval), 1, 86_400, out int? seconds))
                return Usage.Error($"--interval {result.GetValue(interval)}: give a whole number of seconds from 1 to 86400.");
            if (!TryNumber(result.GetValue(rollouts), 0, int.MaxValue, out int? count))
                return Usage.Error($"--rollouts {result.GetValue(rollouts)}: give a whole number from 0.");
            if (!TryNumber(result.GetValue(connections), 1, 1000, out int? each))
                return Usage.Error($"--connections {result.GetValue(connections)}: give a whole number from 1 to 1000.");
            if (!TryNumber(result.GetValue(port), 1, 65_535, out int? asked))
                return Usage.Error($"--port {result.GetValue(port)}: give a number from 1 to 65535.");
            if (asked is not null && Observers.FindPort(asked) is null)
                return Usage.Error($"Port {asked} on 127.0.0.1 cannot be listened on; give another with --port.");
            string[] forbidden = result.GetValue(forbid) ?? [];
            if (forbidden.FirstOrDefault(kind => ResourceKind.All.All(known => known.Plural != kind)) is { } unknown)
                return Usage.Error($"--forbid {unknown}: there is no such kind; use {string.Join(", ", ResourceKind.All.Select(kind => kind.Plural))}.");

            var options = new LabOptions(wanted, TimeSpan.FromSeconds(seconds ?? 60), count, each ?? 6, asked,
                result.GetValue(labels), result.GetValue(events), result.GetValue(data) is { } directory ? Path.GetFullPath(directory) : null,
                !result.GetValue(withoutConsole), forbidden);
            return await RunAsync(options);
        });
        return root;
    }

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

    private static bool TryNumber(string? text, int least, int most, out int? number)
    {
        number = null;
        if (text is null)
            return true;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) || parsed < least || parsed > most)
            return false;
        number = parsed;
        return true;
    }
}
