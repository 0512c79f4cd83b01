using ConntrackConsole.CommandLine;
using System.CommandLine;
using System.CommandLine.Invocation;
using ConntrackConsole.Configuration;
using ConntrackConsole.Hosting;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cli;

/// <summary>The program's commands: without one it serves the console.</summary>
internal static class ConsoleCommands
{
    public const int Failed = 1;
    public const int Usage = 2;

    /// <returns>The exit code: 0 done, 1 failed, 2 wrong usage or configuration.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var keys = KeyOptions.For(args);
        var root = Build(keys);
        string[] arguments = KeyOptions.Normalize(args);
        var parsed = root.Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        string? message = SwitchValues.Check(parsed, arguments)
            ?? (parsed.Errors.Count == 0 ? null : string.Join(' ', parsed.Errors.Select(problem => problem.Message)));
        if (message is not null)
        {
            string command = string.Concat(SwitchValues.CommandsOf(parsed).Skip(1).Select(part => " " + part.Name));
            await error.WriteLineAsync($"conntrack-console: {message} See 'conntrack-console{command} --help'. [{CommandLineReasons.Usage}]");
            return Usage;
        }

        try
        {
            // The host reacts to SIGTERM and Ctrl-C itself.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output, Error = error,
            });
        }
        catch (StartupException failure)
        {
            await error.WriteLineAsync($"conntrack-console: {failure.Message}{(failure.Errors.Count == 0 ? $" [{failure.Code}]" : "")}");
            return Usage;
        }
    }

    private static RootCommand Build(KeyOptions keys)
    {
        var root = new RootCommand("""
            A live timeline of terminating pods, conntrack entries and TCP resets, with guarded actions.

            Options are configuration keys. They can also be set as environment variables (the second spelling, without the dashes),
            or in appsettings.json beside the program. After startup, open the sign-in link that the log shows.
            Exit codes: 0 ended as requested, 1 failed while running, 2 wrong usage or configuration.
            """)
        {
            AuditCommand.Build(keys), NodeSecretCommand.Build(keys), SignInLinkCommand.Build(keys), RolloutCommand.Build(keys), IncidentCommand.Build(),
        };
        foreach (var option in keys.All)
            root.Add(option);
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        root.SetAction((result, _) => ConsoleApplication.RunAsync(keys.Values(result)));
        return root;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"conntrack-console {ProgramVersion.Current}");
            return 0;
        }
    }
}
