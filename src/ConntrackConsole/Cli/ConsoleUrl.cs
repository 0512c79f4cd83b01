using System.CommandLine;

namespace ConntrackConsole.Cli;

/// <summary>--url of the commands that ask a running console.</summary>
internal static class ConsoleUrl
{
    public static Option<Uri?> Option(string description, bool isRequired = false) => new("--url")
    {
        Description = description, HelpName = "URL", Required = isRequired,
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", UserInfo.Length: 0 })
                return uri;
            result.AddError("--url takes http://HOST:PORT or https://HOST.");
            return null;
        },
    };
}
