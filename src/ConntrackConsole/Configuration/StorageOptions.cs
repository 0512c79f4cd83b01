using System.ComponentModel.DataAnnotations;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Storage.Address;

namespace ConntrackConsole.Configuration;

/// <summary>The database and its retention.</summary>
[ConfigurationSection("Storage")]
internal sealed class StorageOptions : IDerivedOptions
{
    private const int MaxHours = 24 * 366;
    private const int MaxDays = 3_660;

    /// <summary>A full path once bound.</summary>
    [ConfigurationKey("directory of the database and of the keys that protect cookies", WhenUnset = "./data")]
    public string DataDirectory { get; set; } = "data";

    [ConfigurationKey("SQLite connection string", WhenUnset = "Data Source=<data directory>/console.db")]
    public string ConnectionString { get; set; } = "";

    [ConfigurationKey("hours for which the collectors' frames are kept after they are rolled up; the last hour is rebuilt from them after a restart"), Range(2, MaxHours)]
    public int FrameHours { get; set; } = 2;

    [ConfigurationKey("maximum size of these frames in MiB (6 KB per node and minute)"), Range(16, 1024 * 1024)]
    public int FrameMiB { get; set; } = 2048;

    [ConfigurationKey("maximum size in MiB of the history in memory (170 MiB for the hour of 1,000 nodes of which 3 % of 350 groups change a second); the oldest above it is read from the database"), Range(16, 64 * 1024)]
    public int MemoryMiB { get; set; } = 256;

    [ConfigurationKey("hours for which the history of single nodes is kept at a resolution of one second"), Range(3, MaxHours)]
    public int NodeHours { get; set; } = 48;

    [ConfigurationKey("days for which the history of single nodes is kept at ten seconds"), Range(1, MaxDays)]
    public int NodeTenSecondDays { get; set; } = 7;

    [ConfigurationKey("days for which the history of single nodes is kept at one minute"), Range(1, MaxDays)]
    public int NodeMinuteDays { get; set; } = 28;

    [ConfigurationKey("days for which the history of Services is kept at one second"), Range(1, MaxDays)]
    public int SecondDays { get; set; } = 7;

    [ConfigurationKey("days for which the history of Services is kept at ten seconds"), Range(1, MaxDays)]
    public int TenSecondDays { get; set; } = 28;

    [ConfigurationKey("days for which the history of Services is kept at one minute"), Range(1, MaxDays)]
    public int MinuteDays { get; set; } = 180;

    [ConfigurationKey("days for which terminations, rollouts, resets, syncs, gaps and setting changes are kept"), Range(1, MaxDays)]
    public int RowDays { get; set; } = 90;

    [ConfigurationKey("maximum size of the database in MiB; above it the oldest data of the finest resolution is deleted first"), Range(64, 64 * 1024 * 1024)]
    public int MaxMiB { get; set; } = 20_480;

    public void Derive()
    {
        DataDirectory = Path.GetFullPath(DataDirectory);
        if (ConnectionString.Length == 0)
            ConnectionString = DatabaseAddress.Of(Path.Combine(DataDirectory, "console.db"));
    }
}

internal sealed class StorageOptionsValidator : OptionsValidator<StorageOptions>
{
    protected override IEnumerable<ConfigurationError> Check(StorageOptions options)
    {
        if (ConnectionStringProblem(options.ConnectionString) is { } problem)
            yield return new ConfigurationError(ConfigurationErrorCodes.InvalidConnectionString, ConfigurationKeys.ConnectionString, problem);
        // If the finer data of a window has been deleted, the coarser data is drawn, so it must be kept longer.
        foreach (var (finer, finerHours, coarser, coarserDays, unit) in ((string, int, string, int, int)[])
        [
            (nameof(options.NodeHours), options.NodeHours, nameof(options.NodeTenSecondDays), options.NodeTenSecondDays, 24),
            (nameof(options.NodeTenSecondDays), options.NodeTenSecondDays, nameof(options.NodeMinuteDays), options.NodeMinuteDays, 1),
            (nameof(options.SecondDays), options.SecondDays, nameof(options.TenSecondDays), options.TenSecondDays, 1),
            (nameof(options.TenSecondDays), options.TenSecondDays, nameof(options.MinuteDays), options.MinuteDays, 1),
        ])
        {
            if (finerHours > coarserDays * unit)
            {
                yield return new ConfigurationError(
                    ConfigurationErrorCodes.RetentionOrder, $"Storage:{finer}",
                    $"Storage:{finer} ({finerHours}) must not be longer than Storage:{coarser} ({coarserDays}{(unit == 1 ? "" : " days")}): the coarser resolution is kept longer.");
            }
        }
    }

    private static string? ConnectionStringProblem(string text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(DatabaseAddress.FileOf(text))
                ? $"{ConfigurationKeys.ConnectionString} contains no file: use 'Data Source=/path/console.db'." : null;
        }
        catch (ArgumentException)
        {
            // The library's message may repeat the string, which may contain a password.
            return $"{ConfigurationKeys.ConnectionString} is not an SQLite connection string: use 'Data Source=/path/console.db'.";
        }
    }
}
