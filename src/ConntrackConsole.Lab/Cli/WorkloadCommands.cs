using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using ConntrackConsole.Lab.Processes;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Cli;

/// <summary>Hidden sub-commands that the lab starts as child processes; each ends with the lab.</summary>
internal static class WorkloadCommands
{
    public static IEnumerable<Command> All() => [Serve(), Load(), ExecChild()];

    private static Command Serve()
    {
        var port = new Option<int>("--port") { DefaultValueFactory = _ => 8080 };
        var exitsAtOnce = new Option<bool>("--exit-at-once") { Description = "Exit immediately at SIGTERM, with requests unread." };
        var parent = Parent();
        var command = new Command("serve", "The server in a pod. Lines on stdin: exit-at-once, invalid [client ip:port].") { port, exitsAtOnce, parent };
        command.SetAction(async (result, cancel) =>
        {
            ProcessCalls.DieWithParent(result.GetValue(parent));
            var server = new Server(result.GetValue(port)) { ExitsAtOnce = result.GetValue(exitsAtOnce) };
            ReadLines(line =>
            {
                if (line == "exit-at-once")
                    server.ExitsAtOnce = true;
                else if (line.StartsWith("invalid", StringComparison.Ordinal))
                    _ = server.SendBadSegmentAsync(line.Split(' ') is [_, var client] ? client : null);
            });
            return await server.RunAsync();
        });
        return command;
    }

    private static Command Load()
    {
        var target = new Option<string>("--target") { Required = true, Description = "The Service's ip:port." };
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 6 };
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

    private static Option<int> Parent() => new("--parent") { Required = true, Description = "Pid of the lab." };

    private static void ReadLines(Action<string> handle) => new Thread(() =>
    {
        while (Console.In.ReadLine() is { } line)
            handle(line);
    })
    { IsBackground = true }.Start();
}
