using ConntrackConsole.CommandLine;
using System.CommandLine;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>The program's commands. JSON goes to standard output, messages to standard error.</summary>
internal static class CollectorCommands
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(
            """
            Reads this node's conntrack table and TCP resets: which connections go to which pod, who resets them, and why. Needs
            root or CAP_NET_ADMIN in the host's network namespace ('capabilities' lists what else is useful).

            Why do a pod's connections break?   conntrack-collector explain --pod-ip 10.244.1.7
            Which connections go where?         conntrack-collector summary
            Follow them live                    conntrack-collector watch

            Messages go to standard error, JSON (--json) to standard output. Exit codes: 0 success, 1 failure, 2 usage error,
            3 refused by a guard. A message about a failure ends with its stable code in brackets (docs/reason-codes.md).
            """)
        {
            RunCommand.Build(), SummaryCommand.Build(), FlowsCommand.Build(), WatchCommand.Build(), ResetsCommand.Build(),
            ExplainCommand.Build(), FlushCommand.Build(), SysctlCommand.Build(), CapabilitiesCommand.Build(),
        };
        // Without response files: '@' begins ordinary text, as in --reason "@olivia asked".
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if ((SwitchValues.Check(parsed, args) ?? (parsed.Errors is [var first, ..] ? first.Message : null)) is { } error)
        {
            string command = string.Concat(SwitchValues.CommandsOf(parsed).Skip(1).Select(part => " " + part.Name));
            return await FailAsync(new Reason(CommandLineReasons.Usage, $"{error} See 'conntrack-collector{command} --help'."), ExitCode.Usage);
        }

        try
        {
            return await parsed.InvokeAsync(Configuration());
        }
        catch (CommandException failure)
        {
            return await FailAsync(failure.Reason, failure.ExitCode);
        }
        catch (DaemonStartException failure)
        {
            return await FailAsync(failure.Reason, ExitCode.Usage);
        }
        catch (UplinkException failure)
        {
            return await FailAsync(failure.Reason, ExitCode.Usage);
        }
        catch (NetlinkException failure)
        {
            // A missing capability is a usage error, not a kernel error.
            return failure.Errno == Errno.EPERM
                ? await FailAsync(new Reason(CommandLineReasons.NoPermission, "No permission to read the conntrack table: run as root or give the program CAP_NET_ADMIN."), ExitCode.Usage)
                : await FailAsync(new Reason(NodeReasons.Netlink, failure.Message), ExitCode.Failed);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Ok; // Ctrl-C or SIGTERM
        }
        catch (IOException failure)
        {
            return await FailAsync(new Reason(CommandLineReasons.IoFailed, failure.Message), ExitCode.Failed);
        }
    }

    private static async Task<int> FailAsync(Reason reason, int exitCode)
    {
        await Console.Error.WriteLineAsync(reason.ToString());
        return exitCode;
    }

    /// <summary>How commands run and end.</summary>
    internal static InvocationConfiguration Configuration() => new()
    {
        EnableDefaultExceptionHandler = false,
        // After SIGTERM the daemon finishes the command that runs and saves what is not acknowledged; by default the library ends the process
        // after 2 s. A pod has 30 s.
        ProcessTerminationTimeout = TimeSpan.FromSeconds(25),
    };
}
