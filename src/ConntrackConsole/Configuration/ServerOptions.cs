using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>Where the console listens.</summary>
[ConfigurationSection("")]
internal sealed class ServerOptions
{
    public const string DefaultUrl = "http://127.0.0.1:5080";

    [ConfigurationKey("addresses to listen on, separated by ';'")]
    public string Urls { get; set; } = DefaultUrl;

    public IEnumerable<string> Addresses => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

internal sealed class ServerOptionsValidator : OptionsValidator<ServerOptions>
{
    protected override IEnumerable<ConfigurationError> Check(ServerOptions options) =>
        from url in options.Addresses
        where !url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        select new ConfigurationError(
            ConfigurationErrorCodes.InvalidUrl, ConfigurationKeys.Urls,
            $"{ConfigurationKeys.Urls}: '{url}' is not an address to listen on: use {ServerOptions.DefaultUrl}.");
}
