using System.CommandLine;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Host;

namespace ConntrackConsole.Collector.Cli;

/// <summary>capabilities: what this node can observe and do, and why the rest is unavailable.</summary>
internal static class CapabilitiesCommand
{
    public static Command Build()
    {
        var json = Options.Json("One JSON array.");
        var command = new Command("capabilities", """
            Lists what can be observed and done on this node, and what is missing for the rest. Run it first.

            Example: conntrack-collector capabilities
            """) { json };
        command.SetAction(parsed =>
        {
            var capabilities = Capabilities.Probe(ObserveOnly.Refusal(Environment.MachineName, option: false, Environment.GetEnvironmentVariable(ObserveOnly.Variable))?.Message);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize([.. capabilities], CollectorJson.Default.CapabilityArray));
            }
            else
            {
                foreach (var capability in capabilities)
                    Console.Out.WriteLine($"{(capability.Available ? "yes" : "NO "),-4} {capability.Name,-17} {capability.Detail}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
