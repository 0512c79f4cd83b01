namespace ConntrackConsole.Configuration;

/// <param name="keys">Secrets of the chain, the newest first; none: the chain is unkeyed.</param>
/// <param name="forwardFile">Full path of a file to which each row is appended as a line.</param>
public sealed class AuditSettings(IReadOnlyList<string> keys, string? forwardFile)
{
    public const int LeastKey = 32;

    public static readonly AuditSettings None = new([], null);

    public IReadOnlyList<string> Keys { get; } = keys;

    public string? ForwardFile { get; } = forwardFile;

    internal static AuditSettings Read(IConfiguration configuration, string dataDirectory, List<string> faults)
    {
        string? file = Text(configuration, Setting.AuditKeyFile), key = Text(configuration, Setting.AuditKey), variable = Text(configuration, Setting.AuditKeyVariable);
        if (new[] { file, key, variable }.Count(v => v is not null) > 1)
        {
            faults.Add($"{Setting.AuditKeyFile}, {Setting.AuditKey} and {Setting.AuditKeyVariable} name the key of the audit log more than once: leave only one of them.");
            return None;
        }

        IReadOnlyList<string> keys = file is null ? [.. new[] { key ?? variable }.OfType<string>()] : AuditKeyFile.Read(Path.GetFullPath(file), dataDirectory, faults);
        if (keys.Any(k => k.Length < LeastKey))
        {
            string place = file is not null ? Setting.AuditKeyFile : key is not null ? Setting.AuditKey : Setting.AuditKeyVariable;
            faults.Add($"{place}: a key needs at least {LeastKey} characters: make one with 'openssl rand -hex 32'.");
        }

        string? forward = Text(configuration, Setting.AuditForwardFile);
        if (forward is not null)
        {
            forward = Path.GetFullPath(forward);
            if (!Directory.Exists(Path.GetDirectoryName(forward)))
                faults.Add($"{Setting.AuditForwardFile}: the folder {Path.GetDirectoryName(forward)} does not exist: make it first.");
            else if (Directory.Exists(forward))
                faults.Add($"{Setting.AuditForwardFile} is a folder ({forward}): give the path of a file in it.");
            else if (file is not null && forward == Path.GetFullPath(file))
                faults.Add($"{Setting.AuditForwardFile} and {Setting.AuditKeyFile} are the same file: choose another one for the rows.");
        }

        return new AuditSettings(keys, forward);
    }

    private static string? Text(IConfiguration configuration, string key) =>
        string.IsNullOrWhiteSpace(configuration[key]) ? null : configuration[key]!.Trim();
}
