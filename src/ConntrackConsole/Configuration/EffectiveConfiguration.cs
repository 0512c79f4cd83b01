using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Storage.Address;

namespace ConntrackConsole.Configuration;

/// <summary>Every key with its value, safe to display: secrets appear only as set.</summary>
internal sealed record EffectiveConfiguration(IReadOnlyDictionary<string, string> Values)
{
    private const string Set = "(set)";

    /// <summary>Of the keys that are set: what shows whether a value has changed, a secret too, and does not show the value.</summary>
    internal IReadOnlyDictionary<string, string> Digests { get; private init; } = new Dictionary<string, string>();

    public static EffectiveConfiguration Of(IConfiguration configuration, StorageOptions storage)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        // List entries appear only if they are set.
        foreach (var option in OptionKeys.All.Where(option => !option.IsListEntry))
            values[option.Key] = "(default)";
        foreach (var (option, key, _) in OptionKeys.Classes.SelectMany(options => OptionsBinder.Values(configuration, options)))
            values[key] = option.IsSecret ? Set : configuration[key]!;
        // Path and query of a webhook are often the key to it.
        if (Uri.TryCreate(configuration[ConfigurationKeys.WebhookUrl], UriKind.Absolute, out var webhook))
            values[ConfigurationKeys.WebhookUrl] = $"{webhook.Scheme}://{webhook.Authority}/…";
        values[ConfigurationKeys.DataDirectory] = storage.DataDirectory;
        values[ConfigurationKeys.ConnectionString] = DatabaseAddress.WithoutPassword(storage.ConnectionString, Set);
        return new EffectiveConfiguration(values) { Digests = DigestsOf(configuration) };
    }

    internal static Dictionary<string, string> DigestsOf(IConfiguration configuration) =>
        OptionKeys.Classes.SelectMany(options => OptionsBinder.Values(configuration, options))
            .ToDictionary(value => value.Key, value => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(value.Text))), StringComparer.OrdinalIgnoreCase);
}
