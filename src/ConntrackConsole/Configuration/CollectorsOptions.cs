using System.Text;
using System.Text.RegularExpressions;
using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>How collectors connect.</summary>
[ConfigurationSection("Collectors")]
internal sealed class CollectorsOptions : IDerivedOptions
{
    /// <summary>Null: collectors are served on the Unix socket only.</summary>
    [ConfigurationKey("secret from which each node's secret is made (HMAC-SHA256); collectors present theirs", WhenUnset = "collectors are served on the Unix socket only")]
    public string? Token { get; set; }

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
}
