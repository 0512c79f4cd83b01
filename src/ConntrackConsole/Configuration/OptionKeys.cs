using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>All configuration keys, generated from the options classes.</summary>
internal static class OptionKeys
{
    /// <summary>The options classes in the order of help and documentation.</summary>
    public static readonly IReadOnlyList<Type> Classes =
    [
        typeof(ServerOptions), typeof(StorageOptions), typeof(KubernetesOptions), typeof(CollectorsOptions), typeof(ActionsOptions),
        typeof(IdentityOptions), typeof(AuditOptions), typeof(WebhookOptions), typeof(RolloutsOptions),
    ];

    public static readonly IReadOnlyList<OptionKey> All = [.. Classes.SelectMany(Of)];

    /// <summary>The key with this name, and its canonical spelling; or null.</summary>
    public static (OptionKey Option, string Key)? Find(string key) =>
        All.Select(option => (Option: option, Key: option.Canonicalize(key))).FirstOrDefault(found => found.Key is not null) is { Key: { } name } match
            ? (match.Option, name) : null;

    /// <summary>The keys of one options class.</summary>
    public static IEnumerable<OptionKey> Of(Type options)
    {
        string section = SectionOf(options);
        return Of(options, section.Length == 0 ? "" : section + ":");
    }

    public static string SectionOf(Type options) => options.GetCustomAttribute<ConfigurationSectionAttribute>()!.Name;

    private static IEnumerable<OptionKey> Of(Type options, string prefix)
    {
        object instance = Activator.CreateInstance(options)!;
        foreach (var property in options.GetProperties().OrderBy(property => property.MetadataToken))
        {
            if (EntryType(property.PropertyType) is { } entry)
            {
                foreach (var key in Of(entry, $"{prefix}{property.Name}:0:"))
                    yield return key;
            }
            else if (property.GetCustomAttribute<ConfigurationKeyAttribute>() is { } attribute)
            {
                var range = property.GetCustomAttribute<RangeAttribute>();
                string[] values = [.. (property.GetCustomAttribute<AllowedValuesAttribute>()?.Values ?? []).OfType<string>()];
                yield return new OptionKey(
                    attribute.FullKey ?? prefix + property.Name, prefix + property.Name, attribute.Description, TypeOf(property.PropertyType, values),
                    (int)(range?.Minimum ?? 0), (int)(range?.Maximum ?? int.MaxValue), values,
                    attribute.WhenUnset ?? Text(property.GetValue(instance)));
            }
        }
    }

    private static Type? EntryType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? type.GetGenericArguments()[0] : null;

    private static OptionType TypeOf(Type type, string[] values) =>
        (Nullable.GetUnderlyingType(type) ?? type) == typeof(int) ? OptionType.Integer
        : (Nullable.GetUnderlyingType(type) ?? type) == typeof(bool) ? OptionType.Boolean
        : values.Length > 0 ? OptionType.Choice : OptionType.Text;

    private static string Text(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
