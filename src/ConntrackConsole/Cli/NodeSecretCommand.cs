using System.CommandLine;
using ConntrackConsole.Configuration;
using ConntrackConsole.Hosting;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Cli;

/// <summary>node-secret NAME: the secret that one node's collector gets instead of the token.</summary>
internal static class NodeSecretCommand
{
    public static Command Build(KeyOptions keys)
    {
        var name = new Argument<string>("NAME") { Description = "The node's name, as 'kubectl get nodes' shows it." };
        name.Validators.Add(result =>
        {
            string text = result.GetValueOrDefault<string>() ?? "";
            if (!NodeName.IsValid(text))
                result.AddError($"'{text}' is not a node name: lower-case letters, digits, '-' and '.', as 'kubectl get nodes' shows it.");
        });
        var command = new Command(
            "node-secret", "Print the secret of one node's collector, made from Collectors:Token. Give it to that collector as CONNTRACK_NODE_SECRET.") { name };
        command.SetAction(result =>
        {
            using var services = ConsoleApplication.CreateBuilder(keys.Values(result)).Configuration.BuildOptions();
            string token = services.GetRequiredService<IOptions<CollectorsOptions>>().Value.Token
                ?? throw new StartupException($"{ConfigurationKeys.CollectorToken} is not set: set it to the value that the console has.");
            result.InvocationConfiguration.Output.WriteLine(NodeSecret.Of(token, result.GetValue(name)!));
            return 0;
        });
        return command;
    }
}
