using System.Net;
using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>Where the console listens.</summary>
[ConfigurationSection("")]
internal sealed class ServerOptions
{
    public const string DefaultUrl = "http://127.0.0.1:5080";

    [ConfigurationKey("addresses to listen on, separated by ';'")]
    public string Urls { get; set; } = DefaultUrl;

    [ConfigurationKey("address at which browsers reach the console, if a proxy is in between", WhenUnset = "as requested")]
    public string? PublicUrl { get; set; }

    [ConfigurationKey("networks of proxies, separated by ';': what they say in X-Forwarded-For and X-Forwarded-Proto counts", WhenUnset = "no such header counts")]
    public string? TrustedProxies { get; set; }

    /// <summary>Those of <see cref="TrustedProxies"/> that are networks or addresses; others are an error of the configuration.</summary>
    public IEnumerable<IPNetwork?> ProxyNetworks => (TrustedProxies ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(text => IPNetwork.TryParse(text, out var network) ? network : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : (IPNetwork?)null);

    public IEnumerable<string> Addresses => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

internal sealed class ServerOptionsValidator : OptionsValidator<ServerOptions>
{
    protected override IEnumerable<ConfigurationError> Check(ServerOptions options) => CheckUrls(options).Concat(CheckPublicUrl(options)).Concat(CheckProxies(options));

    private static IEnumerable<ConfigurationError> CheckPublicUrl(ServerOptions options)
    {
        const string Key = "PublicUrl";
        if (options.PublicUrl is { } text && !(Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.PathAndQuery == "/" && url.UserInfo.Length == 0))
            yield return new ConfigurationError(ConfigurationErrorCodes.InvalidUrl, Key, $"{Key}: '{text}' is not an address of a console: use https://conntrack.example, without a path.");
    }

    private static IEnumerable<ConfigurationError> CheckProxies(ServerOptions options)
    {
        const string Key = "TrustedProxies";
        if (options.ProxyNetworks.Any(network => network is null))
            yield return new ConfigurationError(ConfigurationErrorCodes.UnknownValue, Key, $"{Key} is '{options.TrustedProxies}': use networks or addresses, such as 10.0.0.0/8;192.0.2.7.");
        else if (options.ProxyNetworks.Any(network => network!.Value.PrefixLength == 0))
            yield return new ConfigurationError(ConfigurationErrorCodes.UnknownValue, Key, $"{Key} trusts every address: then anyone could choose the address that the audit log has of them.");
    }

    private static IEnumerable<ConfigurationError> CheckUrls(ServerOptions options) =>
        from url in options.Addresses
        where !url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        select new ConfigurationError(
            ConfigurationErrorCodes.InvalidUrl, ConfigurationKeys.Urls,
            $"{ConfigurationKeys.Urls}: '{url}' is not an address to listen on: use {ServerOptions.DefaultUrl}.");
}
