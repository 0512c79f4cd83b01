using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>The keys of the audit log's hash chain, and where its rows are copied to.</summary>
[ConfigurationSection("Audit")]
internal sealed class AuditOptions : IDerivedOptions
{
    /// <summary>Minimum length of a key, in characters.</summary>
    public const int MinKeyLength = 32;

    /// <summary>A full path once bound.</summary>
    [ConfigurationKey("file with the audit log's key (chmod 600), outside the data directory; a former key stays below the new one", WhenUnset = "the chain is unkeyed")]
    public string? KeyFile { get; set; }

    [ConfigurationKey("the key itself instead of a file, 32 characters or more", WhenUnset = "the chain is unkeyed")]
    public string? Key { get; set; }

    [ConfigurationKey("the same as Audit:Key, such as from a Kubernetes Secret", FullKey = ConfigurationKeys.AuditKeyVariable, WhenUnset = "the chain is unkeyed")]
    public string? KeyFromEnvironment { get; set; }

    /// <summary>A full path once bound.</summary>
    [ConfigurationKey("file to which each audit row is appended as a line of JSON, for a log shipper; one file per console", WhenUnset = "not copied")]
    public string? ForwardFile { get; set; }

    public void Derive()
    {
        KeyFile = KeyFile is null ? null : Path.GetFullPath(KeyFile);
        ForwardFile = ForwardFile is null ? null : Path.GetFullPath(ForwardFile);
    }

    /// <summary>The keys of the chain, the newest first; empty where the chain is unkeyed.</summary>
    public IReadOnlyList<string> ReadKeys(string dataDirectory) =>
        KeyFile is not null ? AuditKeyFile.Read(KeyFile, dataDirectory).Keys : [.. new[] { Key ?? KeyFromEnvironment }.OfType<string>()];
}

internal sealed class AuditOptionsValidator(IConfiguration configuration) : OptionsValidator<AuditOptions>
{
    protected override IEnumerable<ConfigurationError> Check(AuditOptions options)
    {
        (string Key, string? Value)[] sources =
        [
            (ConfigurationKeys.AuditKeyFile, options.KeyFile), (ConfigurationKeys.AuditKey, options.Key), (ConfigurationKeys.AuditKeyVariable, options.KeyFromEnvironment),
        ];
        var set = sources.Where(source => source.Value is not null).ToList();
        if (set.Count > 1)
        {
            return [new ConfigurationError(
                ConfigurationErrorCodes.Conflict, set[0].Key,
                $"{string.Join(", ", sources[..2].Select(source => source.Key))} and {ConfigurationKeys.AuditKeyVariable} set the key of the audit log more than once: leave only one of them.")];
        }

        return set.Count == 0 ? CheckForwardFile(options) : CheckKeys(options, set[0].Key).Concat(CheckForwardFile(options));
    }

    private IEnumerable<ConfigurationError> CheckKeys(AuditOptions options, string key)
    {
        // Not the validated options: their errors are reported as those of their own section.
        string dataDirectory = OptionsBinder.Bind<StorageOptions>(configuration).DataDirectory;
        if (options.KeyFile is not null && AuditKeyFile.Read(options.KeyFile, dataDirectory).Error is { } error)
            yield return error;
        if (options.ReadKeys(dataDirectory).Any(text => text.Length < AuditOptions.MinKeyLength))
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.KeyTooShort, key, $"{key}: a key needs at least {AuditOptions.MinKeyLength} characters: generate one with 'openssl rand -hex 32'.");
        }
    }

    private static IEnumerable<ConfigurationError> CheckForwardFile(AuditOptions options)
    {
        const string key = ConfigurationKeys.AuditForwardFile;
        if (options.ForwardFile is not { } file)
            yield break;
        if (!Directory.Exists(Path.GetDirectoryName(file)))
            yield return new ConfigurationError(ConfigurationErrorCodes.DirectoryMissing, key, $"{key}: the directory {Path.GetDirectoryName(file)} does not exist: create it first.");
        else if (Directory.Exists(file))
            yield return new ConfigurationError(ConfigurationErrorCodes.NotAFile, key, $"{key} is a directory ({file}): set it to the path of a file in it.");
        else if (file == options.KeyFile)
            yield return new ConfigurationError(ConfigurationErrorCodes.SameFile, key, $"{key} and {ConfigurationKeys.AuditKeyFile} are the same file: choose another one for the rows.");
    }
}
