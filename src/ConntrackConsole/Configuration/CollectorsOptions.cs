using System.Text;
using System.Text.RegularExpressions;
using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>How collectors connect.</summary>
[ConfigurationSection("Collectors")]
internal sealed class CollectorsOptions : IDerivedOptions
{
    /// <summary>Null: collectors are served on the Unix socket only.</summary>
    [ConfigurationKey("secret from which each node's secret is made (HMAC-SHA256); collectors present theirs", WhenUnset = "no secrets are accepted")]
    public string? Token { get; set; }

    [ConfigurationKey("audience of the service account tokens that collectors of the cluster present; the API server confirms them, and the node of their pod", WhenUnset = "no tokens of the cluster are accepted")]
    public string? Audience { get; set; }

    [ConfigurationKey("service account of the collectors, as namespace/name; tokens of others are refused", WhenUnset = "required with an audience")]
    public string? ServiceAccount { get; set; }

    /// <summary>A full path once bound.</summary>
    [ConfigurationKey("path of a Unix socket (mode 0600) for collectors of this machine; without a token its permissions decide who connects", WhenUnset = "no socket")]
    public string? Socket { get; set; }

    public void Derive() => Socket = Socket is null ? null : Path.GetFullPath(Socket);
}

internal sealed partial class CollectorsOptionsValidator : OptionsValidator<CollectorsOptions>
{
    // sun_path of sockaddr_un holds 108 bytes with the closing zero.
    private const int MaxSocketPath = 107;

    protected override IEnumerable<ConfigurationError> Check(CollectorsOptions options)
    {
        if (options.Token is not null && !ValidToken().IsMatch(options.Token))
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.InvalidToken, ConfigurationKeys.CollectorToken,
                $"{ConfigurationKeys.CollectorToken} must be 16 to 256 letters, digits, '-', '_', '.', '~', '+', '/' or '='.");
        }

        if ((options.Audience is null) != (options.ServiceAccount is null))
        {
            string set = options.Audience is null ? ConfigurationKeys.CollectorAccount : ConfigurationKeys.CollectorAudience;
            string missing = options.Audience is null ? ConfigurationKeys.CollectorAudience : ConfigurationKeys.CollectorAccount;
            yield return new ConfigurationError(
                ConfigurationErrorCodes.DependencyMissing, set,
                $"{set} is set, but {missing} is not: set both, or neither. Without the account, each pod of the cluster could ask for a token of the audience.");
        }

        if (options.Audience is { } audience && !ValidAudience().IsMatch(audience))
            yield return new ConfigurationError(ConfigurationErrorCodes.InvalidName, ConfigurationKeys.CollectorAudience, $"{ConfigurationKeys.CollectorAudience} must be 1 to 256 visible ASCII characters: the same as audience in the collector's manifest.");
        if (options.ServiceAccount is { } account && !ValidAccount().IsMatch(account))
            yield return new ConfigurationError(ConfigurationErrorCodes.InvalidName, ConfigurationKeys.CollectorAccount, $"{ConfigurationKeys.CollectorAccount} must be namespace/name, such as conntrack-console/collector.");
        if (options.Socket is not { } socket)
            yield break;
        if (Encoding.UTF8.GetByteCount(socket) > MaxSocketPath)
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.PathTooLong, ConfigurationKeys.CollectorSocket,
                $"{ConfigurationKeys.CollectorSocket} is longer than the {MaxSocketPath} bytes that the kernel accepts: choose a shorter path.");
        }
        else if (!Directory.Exists(Path.GetDirectoryName(socket)))
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.DirectoryMissing, ConfigurationKeys.CollectorSocket,
                $"{ConfigurationKeys.CollectorSocket}: the directory {Path.GetDirectoryName(socket)} does not exist: create it first.");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._~+/=-]{16,256}\z")]
    private static partial Regex ValidToken();

    [GeneratedRegex(@"\A[!-~]{1,256}\z")]
    private static partial Regex ValidAudience();

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\z")]
    private static partial Regex ValidAccount();
}
