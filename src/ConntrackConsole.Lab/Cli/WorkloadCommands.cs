using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using ConntrackConsole.Lab.Processes;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Cli;

/// <summary>Hidden sub-commands that the lab starts as child processes; each ends with the lab.</summary>
internal static class WorkloadCommands
{
    public static IEnumerable<Command> All() => [Serve(), ServeDatagrams(), Load(), Subscribe(), Request(), ConnectInStep(), SendDatagrams(), ExecChild()];

    private static Command Serve()
    {
        var port = new Option<int>("--port") { DefaultValueFactory = _ => 8080 };
        var exitsAtOnce = new Option<bool>("--exit-at-once") { Description = "Exit immediately at SIGTERM, with requests unread." };
        var push = new Option<int>("--push-ms") { Description = "Speak first: a line on each connection at this interval." };
        var ignoresTerm = new Option<bool>("--ignore-sigterm") { Description = "Go on serving at SIGTERM." };
        var closesListener = new Option<bool>("--close-listener") { Description = "Accept no connection after SIGTERM." };
        var closes = new Option<bool>("--close-after-answer") { Description = "Close each connection after its first response." };
        var parent = Parent();
        var command = new Command("serve", "The server in a pod. Lines on stdin: exit-at-once, stall, invalid [client ip:port].")
        {
            port, exitsAtOnce, push, ignoresTerm, closesListener, closes, parent,
        };
        command.SetAction(async (result, cancel) =>
        {
            ProcessCalls.DieWithParent(result.GetValue(parent));
            var server = new Server(result.GetValue(port)) 
            {
                ExitsAtOnce = result.GetValue(exitsAtOnce),
                PushInterval = result.GetValue(push) is > 0 and var milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
                IgnoresTerm = result.GetValue(ignoresTerm),
                ClosesListener = result.GetValue(closesListener),
                ClosesAfterAnswer = result.GetValue(closes),
            };
            ReadLines(line =>
            {
                if (line == "exit-at-once")
                    server.ExitsAtOnce = true;
                else if (line == "stall")
                    server.Stall();
                else if (line.StartsWith("invalid", StringComparison.Ordinal))
                    _ = server.SendBadSegmentAsync(line.Split(' ') is [_, var client] ? client : null);
            });
            return await server.RunAsync();
        });
        return command;
    }

    private static Command Load()
    {
        var target = Target();
        var connections = Connections();
        var interval = new Option<int>("--interval-ms") { DefaultValueFactory = _ => 500 };
        var parent = Parent();
        var command = new Command("client", "The client in a pod. Lines on stdin: abort linger, abort unread.") { target, connections, interval, parent };
        command.SetAction(async (result, cancel) =>
        {
            ProcessCalls.DieWithParent(result.GetValue(parent));
            if (!IPEndPoint.TryParse(result.GetRequiredValue(target), out var service))
                return Usage.Error($"--target {result.GetRequiredValue(target)}: must be an address and a port, such as 10.100.200.1:80.");
            var client = new Client(service, result.GetValue(connections), TimeSpan.FromMilliseconds(result.GetValue(interval)));
            ReadLines(line =>
            {
                if (line.Split(' ') is ["abort", var how])
                    client.Abort(how);
            });
            client.Start();
            await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            return 0;
        });
        return command;
    }

    private static Command ServeDatagrams()
    {
        var port = new Option<int>("--port") { DefaultValueFactory = _ => 8080 };
        var parent = Parent();
        var command = new Command("serve-udp", "The UDP server in a pod.") { port, parent };
        command.SetAction((result, cancel) =>
        {
            ProcessCalls.DieWithParent(result.GetValue(parent));
            return new DatagramServer(result.GetValue(port)).RunAsync(cancel);
        });
        return command;
    }

    private static Command Subscribe()
    {
        var silence = new Option<int>("--silence-ms") { DefaultValueFactory = _ => 3000, Description = "A heartbeat is sent after this time without data." };
        var connections = Connections();
        return Client("subscribe", "Subscribers of a server that speaks first.", [connections, silence], (service, result) =>
            new StreamClient(service, result.GetValue(connections), TimeSpan.FromMilliseconds(result.GetValue(silence))).Start());
    }

    private static Command Request()
    {
        var interval = new Option<int>("--interval-ms") { DefaultValueFactory = _ => 100 };
        var timeout = new Option<int>("--timeout-ms") { DefaultValueFactory = _ => 2000 };
        var ports = new Option<int>("--source-ports") { Description = "Number of source ports; 0 = any." };
        return Client("request", "A connection for each request.", [interval, timeout, ports], (service, result) => new ShortClient(
            service, TimeSpan.FromMilliseconds(result.GetValue(interval)), TimeSpan.FromMilliseconds(result.GetValue(timeout)), result.GetValue(ports)).Start());
    }

    private static Command ConnectInStep()
    {
        var interval = new Option<int>("--interval-ms") { DefaultValueFactory = _ => 50 };
        return Client("connect-in-step", "Connections at fixed moments of the clock, each from the next source port.", [interval], (service, result) =>
            new SteppedClient(service, TimeSpan.FromMilliseconds(result.GetValue(interval))).Start());
    }

    private static Command SendDatagrams()
    {
        var interval = new Option<int>("--interval-ms") { DefaultValueFactory = _ => 300 };
        var sockets = new Option<int>("--sockets") { DefaultValueFactory = _ => 4 };
        return Client("send-udp", "Datagrams from sockets that stay open.", [interval, sockets], (service, result) => new DatagramClient(
            service, result.GetValue(sockets), TimeSpan.FromMilliseconds(result.GetValue(interval))).Start());
    }

    private static Command Client(string name, string description, IReadOnlyList<Option> options, Action<IPEndPoint, ParseResult> start)
    {
        var target = Target();
        var parent = Parent();
        var command = new Command(name, description) { target, parent };
        foreach (var option in options)
            command.Add(option);
        command.SetAction(async (result, cancel) =>
        {
            ProcessCalls.DieWithParent(result.GetValue(parent));
            if (!IPEndPoint.TryParse(result.GetRequiredValue(target), out var service))
                return Usage.Error($"--target {result.GetRequiredValue(target)}: must be an address and a port, such as 10.100.200.1:80.");
            start(service, result);
            await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            return 0;
        });
        return command;
    }

    private static Command ExecChild()
    {
        var program = new Argument<string>("program");
        var arguments = new Option<string[]>("--arg") { AllowMultipleArgumentsPerToken = false };
        var parent = Parent();
        var command = new Command("exec-child", "Executes another program that ends with the lab.") { program, arguments, parent };
        command.SetAction(result =>
        {
            ProcessCalls.DieWithParent(result.GetValue(parent)); // kept across exec
            string path = result.GetRequiredValue(program);
            _ = ProcessCalls.Exec(path, [path, .. result.GetValue(arguments) ?? [], null]);
            Console.Error.WriteLine($"Cannot run {path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
            return 1;
        });
        return command;
    }

    private static Option<string> Target() => new("--target") { Required = true, Description = "The Service's ip:port." };

    private static Option<int> Connections() => new("--connections") { DefaultValueFactory = _ => 6 };

    private static Option<int> Parent() => new("--parent") { Required = true, Description = "Pid of the lab." };

    private static void ReadLines(Action<string> handle) => new Thread(() =>
    {
        while (Console.In.ReadLine() is { } line)
            handle(line);
    })
    { IsBackground = true }.Start();
}
