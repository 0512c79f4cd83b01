using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Configuration;

/// <summary>Reads and checks the configuration; every fault is listed with its key.</summary>
public static partial class SettingsReader
{
    // sun_path of sockaddr_un holds 108 bytes with the closing zero.
    private const int MaxSocketPath = 107;

    /// <exception cref="StartFault">All faults at once.</exception>
    public static ConsoleSettings Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var faults = new List<string>();
        FindUnknown(configuration, faults);

        string directory = Path.GetFullPath(Text(configuration, Setting.DataDirectory) ?? "data");
        string connection = Text(configuration, Setting.ConnectionString)
            ?? new SqliteConnectionStringBuilder { DataSource = Path.Combine(directory, "console.db") }.ToString();
        try
        {
            if (string.IsNullOrWhiteSpace(new SqliteConnectionStringBuilder(connection).DataSource))
                faults.Add($"{Setting.ConnectionString} names no file: use 'Data Source=/path/console.db'.");
        }
        catch (ArgumentException)
        {
            // The message of the library may repeat the string; it may hold a password.
            faults.Add($"{Setting.ConnectionString} is no SQLite connection string: use 'Data Source=/path/console.db'.");
        }

        int hours = Number(configuration, Setting.FrameHours, 24, 2, 24 * 366, faults);
        int mebibytes = Number(configuration, Setting.FrameMiB, 2048, 16, 1024 * 1024, faults);

        var past = Past(configuration, faults);
        var audit = AuditSettings.Read(configuration, directory, faults);

        bool? enabled = Flag(configuration, Setting.KubernetesEnabled, faults);

        var kubernetes = new KubernetesSettings(enabled, Text(configuration, Setting.Kubeconfig), Text(configuration, Setting.KubernetesContext));
        if (kubernetes is { Context: not null, Kubeconfig: null })
            faults.Add($"{Setting.KubernetesContext} names a context of a file, but {Setting.Kubeconfig} is not set: set it, or leave the context out.");

        string? token = Text(configuration, Setting.CollectorToken);
        if (token is not null && !Secret().IsMatch(token))
            faults.Add($"{Setting.CollectorToken} must be 16 to 256 letters, digits, '-', '_', '.', '~', '+', '/' or '='.");
        var identity = new IdentitySettings(LinkReader.Read(configuration, faults));

        var actions = ActionsReader.Read(configuration, faults);
        string? socket = Text(configuration, Setting.CollectorSocket);
        if (socket is not null)
        {
            socket = Path.GetFullPath(socket);
            if (System.Text.Encoding.UTF8.GetByteCount(socket) > MaxSocketPath)
                faults.Add($"{Setting.CollectorSocket} is longer than {MaxSocketPath} bytes, which the kernel does not take: choose a shorter path.");
            else if (!Directory.Exists(Path.GetDirectoryName(socket)))
                faults.Add($"{Setting.CollectorSocket}: the folder {Path.GetDirectoryName(socket)} does not exist: make it first.");
        }

        foreach (string url in (configuration["urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
                faults.Add($"Urls: '{url}' is no address to listen on: use http://127.0.0.1:5080.");
        }

        if (faults.Count > 0)
            throw new StartFault($"The configuration is wrong:{string.Concat(faults.Select(f => "\n  - " + f))}");
        return new ConsoleSettings(
            new StorageSettings(directory, connection, hours, mebibytes) { Past = past }, kubernetes,
            new CollectorSettings(token, socket), identity) { Actions = actions, Audit = audit };
    }

    private static PastSettings Past(IConfiguration configuration, List<string> faults)
    {
        var usual = new PastSettings();
        var past = new PastSettings(
            Number(configuration, Setting.NodeHours, usual.NodeHours, 3, 24 * 366, faults),
            Number(configuration, Setting.NodeTenSecondDays, usual.NodeTenSecondDays, 1, 3_660, faults),
            Number(configuration, Setting.NodeMinuteDays, usual.NodeMinuteDays, 1, 3_660, faults),
            Number(configuration, Setting.SecondDays, usual.SecondDays, 1, 3_660, faults),
            Number(configuration, Setting.TenSecondDays, usual.TenSecondDays, 1, 3_660, faults),
            Number(configuration, Setting.MinuteDays, usual.MinuteDays, 1, 3_660, faults),
            Number(configuration, Setting.RowDays, usual.RowDays, 1, 3_660, faults),
            Number(configuration, Setting.MaxMiB, usual.MaxMiB, 64, 64 * 1024 * 1024, faults));
        // A window for which the finer one is gone is drawn from the coarser.
        if (past.NodeHours > past.NodeTenSecondDays * 24)
            faults.Add($"{Setting.NodeHours} ({past.NodeHours}) must not be more hours than {Setting.NodeTenSecondDays} ({past.NodeTenSecondDays} days): the coarser is kept for longer.");
        CoarserLonger(Setting.NodeTenSecondDays, past.NodeTenSecondDays, Setting.NodeMinuteDays, past.NodeMinuteDays);
        CoarserLonger(Setting.SecondDays, past.SecondDays, Setting.TenSecondDays, past.TenSecondDays);
        CoarserLonger(Setting.TenSecondDays, past.TenSecondDays, Setting.MinuteDays, past.MinuteDays);
        return past;

        void CoarserLonger(string fine, int fineDays, string coarse, int coarseDays)
        {
            if (fineDays > coarseDays)
                faults.Add($"{fine} ({fineDays}) must not be more than {coarse} ({coarseDays}): the coarser is kept for longer.");
        }
    }

    // A misspelt key would otherwise be a setting that is silently not there.
    private static void FindUnknown(IConfiguration configuration, List<string> faults)
    {
        foreach (string room in Setting.All.Select(s => s.Key.Split(':')).Where(k => k.Length == 2).Select(k => k[0]).Distinct())
        {
            foreach (var (key, value) in configuration.GetSection(room).AsEnumerable())
            {
                // A section without a value of its own is known by what is in it.
                if (value is null || (value.Length == 0 && Setting.All.Any(s => s.IsBelow(key))) || Setting.All.Any(s => s.Spell(key) is not null))
                    continue;
                string known = string.Join(", ", Setting.All.Where(s => s.IsBelow(room)).Select(s => s.Key));
                faults.Add($"{key} is no key of this program; known are {known}.");
            }
        }
    }

    internal static bool? Flag(IConfiguration configuration, string key, List<string> faults)
    {
        if (Text(configuration, key) is not { } word)
            return null;
        if (bool.TryParse(word, out bool yes))
            return yes;
        faults.Add($"{key} is '{word}': set it to true or false, or leave it out.");
        return null;
    }

    internal static int Number(IConfiguration configuration, string key, int usual, int least, int most, List<string> faults)
    {
        if (Text(configuration, key) is not { } text)
            return usual;
        if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)
            && number >= least && number <= most)
        {
            return number;
        }

        faults.Add($"{key} is '{text}': set it to a whole number from {least} to {most}, or leave it out.");
        return usual;
    }

    internal static string? Text(IConfiguration configuration, string key) =>
        string.IsNullOrWhiteSpace(configuration[key]) ? null : configuration[key]!.Trim();

    [GeneratedRegex("^[A-Za-z0-9._~+/=-]{16,256}$")]
    private static partial Regex Secret();
}
