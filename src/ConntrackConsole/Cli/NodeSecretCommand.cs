using System.CommandLine;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Hosting;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Cli;

/// <summary>node-secret NAME: prints the secret that the collector of one node uses instead of the token.</summary>
internal static class NodeSecretCommand
{
    public static Command Build(KeyOptions keys)
    {
        var name = new Argument<string>("NAME") { Description = "The node name, as listed by 'kubectl get nodes'." };
        name.Validators.Add(result =>
        {
            string text = result.GetValueOrDefault<string>() ?? "";
            if (!NodeName.IsValid(text))
                result.AddError($"'{text}' is not a node name: lower-case letters, digits, '-' and '.', as listed by 'kubectl get nodes'.");
        });
        var command = new Command(
            "node-secret", "Print the secret of one node's collector, derived from Collectors:Token. Pass it to that collector as CONNTRACK_NODE_SECRET.") { name };
        command.SetAction(result =>
        {
            using var services = ConsoleBuilder.Create(keys.Values(result)).Configuration.BuildOptions();
            string token = services.GetRequiredService<IOptions<CollectorsOptions>>().Value.Token
                ?? throw new StartupException(ConfigurationErrorCodes.Missing, $"{ConfigurationKeys.CollectorToken} is not set: set it to the same value as on the console.");
            result.InvocationConfiguration.Output.WriteLine(NodeSecret.Of(token, result.GetValue(name)!));
            return 0;
        });
        return command;
    }
}
