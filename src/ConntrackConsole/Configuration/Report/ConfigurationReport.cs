using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration.Report;

/// <summary>One key of the running console.</summary>
/// <param name="Key">The key; an entry of a list has its own number.</param>
/// <param name="Value">Safe to display: a secret appears only as set.</param>
/// <param name="File">The file that has it, if it is from one.</param>
/// <param name="HasChanged">Its source has another value since the start, which applies from the next start on.</param>
/// <param name="Errors">Why the value that it has now would prevent the next start.</param>
internal sealed record ReportedKey(OptionKey Option, string Key, string Value, KeySource Source, string? File, bool HasChanged, IReadOnlyList<ConfigurationError> Errors)
{
    /// <summary>The section of its key; "Server" for the keys without one.</summary>
    public string Section => Key.Split(':') is [var section, _, ..] ? section : "Server";

    /// <summary>Which values the key takes.</summary>
    public string Allowed => Option.Type switch
    {
        OptionType.Integer => $"{Option.Min:N0} to {Option.Max:N0}",
        OptionType.Boolean => "true, false",
        OptionType.Choice => string.Join(", ", Option.Values),
        _ => Option.IsSecret ? "secret" : "text",
    };
}

/// <summary>The configuration of the running console, key by key.</summary>
/// <param name="Other">Errors of the present configuration that belong to none of the keys, such as unknown keys.</param>
internal sealed record ConfigurationReport(IReadOnlyList<ReportedKey> Keys, IReadOnlyList<ConfigurationError> Other)
{
    public int Errors => Other.Count + Keys.Sum(key => key.Errors.Count);
}

/// <summary>
/// Reports the configuration that the console started with, and what became of its sources since: a file may be edited, and what it has now is
/// only read at the next start.
/// </summary>
internal sealed class ConfigurationReporter(IConfiguration configuration, EffectiveConfiguration started)
{
    public ConfigurationReport Read()
    {
        var now = EffectiveConfiguration.DigestsOf(configuration);
        var errors = Errors().ToLookup(error => error.Key, StringComparer.OrdinalIgnoreCase);
        var keys = new List<ReportedKey>();
        foreach (var option in OptionKeys.All)
        {
            // An entry of a list is a key only where it is set.
            IEnumerable<string> names = option.IsListEntry
                ? started.Digests.Keys.Concat(now.Keys).Concat(errors.Select(error => error.Key)).Distinct(StringComparer.OrdinalIgnoreCase).Where(key => option.Canonicalize(key) is not null).Order(StringComparer.Ordinal)
                : [option.Key];
            foreach (string name in names)
                keys.Add(Report(option, name));
        }

        var known = keys.Select(key => key.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new ConfigurationReport(keys, [.. errors.Where(error => !known.Contains(error.Key)).SelectMany(error => error)]);

        ReportedKey Report(OptionKey option, string name)
        {
            bool isSet = started.Digests.ContainsKey(name);
            var (source, file) = isSet ? KeySources.Of(configuration, name) : (KeySource.Default, null);
            return new ReportedKey(
                option, name, isSet || name is ConfigurationKeys.DataDirectory or ConfigurationKeys.ConnectionString ? started.Values.GetValueOrDefault(name, "") : option.Default, source, file,
                started.Digests.GetValueOrDefault(name) != now.GetValueOrDefault(name), [.. errors[name]]);
        }
    }

    private IReadOnlyList<ConfigurationError> Errors()
    {
        try
        {
            configuration.BuildOptions().Dispose();
            return [];
        }
        catch (StartupException failure)
        {
            // What is typed where a list belongs may be a token.
            return [.. failure.Errors.Select(error => error.Code == ConfigurationErrorCodes.NotAList ? error with { Message = $"{error.Key} is a list: set keys of its entries, such as {error.Key}:0." } : error)];
        }
    }
}
