using System.CommandLine;
using ConntrackConsole.Configuration;
using ConntrackConsole.Hosting;
using ConntrackConsole.Identity;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Cli;

/// <summary>sign-in-link [NAME]: a new sign-in link of the running console.</summary>
internal static class SignInLinkCommand
{
    public static Command Build(KeyOptions keys)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "The person, as in Identity:Links; may be omitted if there is only one.", Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(
            "sign-in-link", "Print a new sign-in link of the running console with this data directory. It works once, within 15 minutes; the console keeps running.") { name };
        command.SetAction(result =>
        {
            using var services = ConsoleBuilder.Create(keys.Values(result)).Configuration.BuildOptions();
            var issued = new IssuedLinks(services.GetRequiredService<IOptions<StorageOptions>>().Value.DataDirectory, TimeProvider.System);
            var link = issued.Issue(result.GetValue(name), Environment.UserName);
            var output = result.InvocationConfiguration;
            output.Error.WriteLine($"Sign-in link for {link.Name} ({link.Role}); it works once, within {IssuedLinks.Ttl.TotalMinutes:0} minutes. Behind a proxy or a port forward, replace its address by the one that you use:");
            output.Output.WriteLine(link.Address);
            return 0;
        });
        return command;
    }
}
