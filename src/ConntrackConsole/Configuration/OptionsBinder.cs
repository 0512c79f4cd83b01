namespace ConntrackConsole.Configuration;

/// <summary>Options with derived values.</summary>
internal interface IDerivedOptions
{
    /// <summary>Sets the derived values after binding.</summary>
    void Derive();
}

/// <summary>An entry of a list that knows its own key, so that an error can name it.</summary>
internal interface IListEntry
{
    /// <summary>Such as Identity:Links:0; null if the entry is not from the configuration.</summary>
    string? Path { get; set; }
}

/// <summary>
/// Binds options from those values that are well-formed. The platform's binder would throw at the first one that is not;
/// <see cref="ConfigurationValidator{T}"/> lists them all.
/// </summary>
internal static class OptionsBinder
{
    public static T Bind<T>(IConfiguration configuration)
        where T : class, new()
    {
        var options = new T();
        Bind(configuration, options);
        return options;
    }

    public static void Bind<T>(IConfiguration configuration, T options)
        where T : class
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (option, key, text) in Values(configuration, typeof(T)))
        {
            if (option.Read(key, text).Value is { } value)
                values[option.IsListEntry ? key : option.Property] = value;
        }

        foreach (string entry in Entries(configuration, typeof(T)))
            values[$"{entry}:{nameof(IListEntry.Path)}"] = entry;
        var wellFormed = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        string section = OptionKeys.SectionOf(typeof(T));
        (section.Length == 0 ? wellFormed : (IConfiguration)wellFormed.GetSection(section)).Bind(options);
        (options as IDerivedOptions)?.Derive();
    }

    /// <summary>Every known key of an options class that is set, with its trimmed value.</summary>
    public static IEnumerable<(OptionKey Option, string Key, string Text)> Values(IConfiguration configuration, Type options)
    {
        foreach (var option in OptionKeys.Of(options))
        {
            IEnumerable<string> keys = option.List is { } list ? Entries(configuration, list).Select(entry => entry + option.Key[(list.Length + 2)..]) : [option.Key];
            foreach (string key in keys.Where(key => !string.IsNullOrWhiteSpace(configuration[key])))
                yield return (option, key, configuration[key]!.Trim());
        }
    }

    /// <summary>The keys of all entries of the lists of an options class, empty and misspelt ones included.</summary>
    private static IEnumerable<string> Entries(IConfiguration configuration, Type options) =>
        OptionKeys.Of(options).Select(option => option.List).OfType<string>().Distinct().SelectMany(list => Entries(configuration, list));

    private static IEnumerable<string> Entries(IConfiguration configuration, string list) =>
        configuration.GetSection(list).GetChildren().Where(entry => entry.GetChildren().Any() || !string.IsNullOrEmpty(entry.Value)).Select(entry => entry.Path);
}
