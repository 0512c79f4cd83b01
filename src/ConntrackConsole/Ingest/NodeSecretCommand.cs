using ConntrackConsole.Configuration;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ingest;

/// <summary>conntrack-console node-secret NAME: what one node's collector is given instead of the token.</summary>
internal static class NodeSecretCommand
{
    /// <param name="arguments">The node's name, then keys as for the console.</param>
    /// <exception cref="StartFault">No name, none of a node, or no token to make the secret from.</exception>
    public static int Run(IReadOnlyList<string> arguments, ConfigurationManager configuration, TextWriter output)
    {
        if (arguments.Count == 0 || !NodeName.IsValid(arguments[0]))
        {
            throw new StartFault(arguments.Count == 0
                ? "node-secret needs the node's name: conntrack-console node-secret worker-3."
                : $"'{arguments[0]}' is no node name: lower-case letters, digits, '-' and '.', as 'kubectl get nodes' shows it.");
        }

        configuration.AddInMemoryCollection(CommandLine.Parse([.. arguments.Skip(1)]).Values);
        string token = SettingsReader.Read(configuration).Collectors.Token
            ?? throw new StartFault($"{Setting.CollectorToken} is not set: give it the value that the console has, and ask again.");
        output.WriteLine(NodeSecret.Of(token, arguments[0]));
        return 0;
    }
}
