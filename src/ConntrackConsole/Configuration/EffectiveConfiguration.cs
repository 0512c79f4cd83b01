using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Configuration;

/// <summary>Every key with what it is set to, fit to be shown: of secrets only that they are set.</summary>
public sealed record EffectiveConfiguration(IReadOnlyDictionary<string, string> Values)
{
    private const string Set = "(set)";

    public static EffectiveConfiguration Of(IConfiguration configuration, ConsoleSettings settings)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(settings);
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var setting in Setting.All)
        {
            // A list is told by the places that somebody filled.
            if (setting.IsList)
            {
                foreach (var (key, value) in configuration.AsEnumerable().Where(pair => !string.IsNullOrWhiteSpace(pair.Value)))
                {
                    if (setting.Spell(key) is { } place)
                        values[place] = setting.IsSecret ? Set : value!;
                }

                continue;
            }

            string? given = configuration[setting.Key];
            values[setting.Key] = string.IsNullOrWhiteSpace(given) ? "(default)" : setting.IsSecret ? Set : given;
        }

        values[Setting.DataDirectory] = settings.Storage.DataDirectory;
        values[Setting.ConnectionString] = WithoutPassword(settings.Storage.ConnectionString);
        if (!string.IsNullOrWhiteSpace(configuration[Setting.AuditKeyVariable]))
            values[Setting.AuditKeyVariable] = Set;
        return new EffectiveConfiguration(values);
    }

    private static string WithoutPassword(string connection)
    {
        var parts = new SqliteConnectionStringBuilder(connection);
        if (parts.Password.Length > 0)
            parts.Password = Set;
        return parts.ToString();
    }
}
