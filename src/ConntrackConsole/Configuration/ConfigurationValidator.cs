using Microsoft.Extensions.Options;

namespace ConntrackConsole.Configuration;

/// <summary>Validates options by rules that need more than one key, the file system, or a form of text.</summary>
internal abstract class OptionsValidator<T> : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        string[] failures = [.. Check(options).Select(error => error.ToFailure())];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    protected abstract IEnumerable<ConfigurationError> Check(T options);
}

/// <summary>
/// Validates a section of the configuration as it is written: unknown keys, and values that do not fit the type or range of their key.
/// A misspelt key would otherwise be a setting that silently does not apply.
/// </summary>
internal sealed class ConfigurationValidator<T>(IConfiguration configuration) : OptionsValidator<T>
    where T : class
{
    private static readonly IReadOnlyList<OptionKey> Known = [.. OptionKeys.Of(typeof(T))];

    protected override IEnumerable<ConfigurationError> Check(T options) =>
        UnknownKeys().Concat(OptionsBinder.Values(configuration, typeof(T)).Select(value => value.Option.Read(value.Key, value.Text).Error).OfType<ConfigurationError>());

    private IEnumerable<ConfigurationError> UnknownKeys()
    {
        // The root also contains the keys of the platform and all environment variables.
        if (OptionKeys.SectionOf(typeof(T)) is not { Length: > 0 } section)
            yield break;
        // A nested section is the only one of its parent: a misspelt name of it would configure nothing.
        foreach (var (key, value) in configuration.GetSection(section.Split(':')[0]).AsEnumerable())
        {
            if (value is null || (value.Length == 0 && Known.Any(option => option.IsBelow(key))) || Known.Any(option => option.Canonicalize(key) is not null))
                continue;
            if (Known.FirstOrDefault(option => key.Equals(option.List, StringComparison.OrdinalIgnoreCase)) is { } entry)
            {
                yield return new ConfigurationError(ConfigurationErrorCodes.NotAList, key, $"{key} is '{value}', but it is a list: set keys such as {entry.Key}.");
                continue;
            }

            yield return new ConfigurationError(
                ConfigurationErrorCodes.UnknownKey, key,
                $"Unknown configuration key '{key}'; known keys are {string.Join(", ", Known.Select(option => option.Key))}.");
        }
    }
}
