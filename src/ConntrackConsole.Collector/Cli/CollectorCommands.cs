using System.CommandLine;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Collector.Cli;

/// <summary>The program's commands. JSON goes to standard output, words to standard error.</summary>
internal static class CollectorCommands
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(
            """
            Reads this node's conntrack table and TCP resets: which connections go to which pod, who resets them, and why. Needs
            root or CAP_NET_ADMIN in the host's network namespace (what else helps: 'capabilities').

            A pod's connections break?   conntrack-collector explain --pod-ip 10.244.1.7
            Who goes where?              conntrack-collector summary
            Follow it live               conntrack-collector watch

            Words go to standard error, JSON (--json) to standard output. Exit codes: 0 done, 1 failed, 2 wrong use,
            3 refused by a guard.
            """)
        {
            RunCommand.Build(), SummaryCommand.Build(), FlowsCommand.Build(), WatchCommand.Build(), ResetsCommand.Build(),
            ExplainCommand.Build(), FlushCommand.Build(), SysctlCommand.Build(), CapabilitiesCommand.Build(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string command = parsed.CommandResult.Command == root ? "" : " " + parsed.CommandResult.Command.Name;
            await Console.Error.WriteLineAsync($"{parsed.Errors[0].Message} See 'conntrack-collector{command} --help'.");
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (CommandException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return refused.ExitCode;
        }
        catch (NetlinkException failure)
        {
            // Without the capability nothing works: that is how the program was called, not a fault of the kernel's.
            await Console.Error.WriteLineAsync(failure.Errno == Errno.EPERM
                ? "No permission to read the conntrack table: run as root or give the program CAP_NET_ADMIN."
                : failure.Message);
            return failure.Errno == Errno.EPERM ? ExitCode.Usage : ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Ok; // Ctrl-C or SIGTERM
        }
        catch (IOException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return ExitCode.Failed;
        }
    }
}
