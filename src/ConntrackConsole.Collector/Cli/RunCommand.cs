using System.CommandLine;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>run: the daemon. Observes, reports to the console, and executes the console's commands that the node's guards allow.</summary>
internal static class RunCommand
{
    public static Command Build()
    {
        var console = new Option<ConsoleAddress>("--console")
        {
            Description = $"The console: http://host:port, https://host or unix:/path. {NodeCredential.TokenVariable} in the environment is its Collectors:Token, from which this node's secret is derived; or {NodeCredential.SecretVariable} contains only that secret; or {NodeCredential.TokenFileVariable} names a file with a token of the pod's service account.",
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
                result.AddError($"'{name}' is not a node name: lower-case letters, digits, '-' and '.', {NodeName.MaxLength} at most.");
        });
        var authority = new Option<string>("--console-ca")
        {
            Description = "PEM file: only a certificate issued by one of these is accepted as the console's, instead of those that the machine trusts.",
            HelpName = "FILE",
        };
        authority.Validators.Add(result =>
        {
            if (result.GetValue(console) is { } address && (address.SocketPath is not null || address.Hub.Scheme != Uri.UriSchemeHttps))
                result.AddError("--console-ca needs an https address of the console: without TLS there is no certificate.");
        });
        var state = new Option<string>("--state") { Description = "Directory of the journal and of frames that wait for the console; must survive restarts.", HelpName = "DIR", Required = true };
        var ranges = Options.PodCidr();
        var source = Options.Resets();
        var observeOnly = new Option<bool>(ObserveOnly.Option)
        {
            Description = $"Observe only: refuse every command. The console cannot override this. {ObserveOnly.Variable}=1 in the environment does the same.",
        };
        var command = new Command("run", """
            Runs as the node's collector until stopped: reports to the console every second and executes the console's commands that
            this node's own guards allow.

            Example: conntrack-collector run --console https://console.example --node worker-3 --state /var/lib/conntrack-collector --pod-cidr 10.244.0.0/16
            """) { console, authority, node, state, ranges, source, observeOnly };
        command.SetAction(async (parsed, stop) =>
        {
            string name = parsed.GetValue(node)!;
            var credential = NodeCredential.Of(
                name, Environment.GetEnvironmentVariable(NodeCredential.TokenVariable), Environment.GetEnvironmentVariable(NodeCredential.SecretVariable),
                Environment.GetEnvironmentVariable(NodeCredential.TokenFileVariable));
            var address = parsed.GetValue(console)! with { AuthorityFile = parsed.GetValue(authority) };
            address.CheckAuthority();
            var refusal = ObserveOnly.Refusal(name, parsed.GetValue(observeOnly), Environment.GetEnvironmentVariable(ObserveOnly.Variable));
            var options = new CollectorDaemonOptions(
                address, credential, parsed.GetValue(state)!, parsed.GetValue(ranges) ?? [], parsed.GetValue(source), refusal);
            await new CollectorDaemon(options, Console.Error).RunAsync(stop);
            return ExitCode.Ok;
        });
        return command;
    }
}
