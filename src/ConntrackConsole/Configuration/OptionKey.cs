using System.Globalization;

namespace ConntrackConsole.Configuration;

/// <summary>The type of a configuration value.</summary>
internal enum OptionType
{
    Text,
    Integer,
    Boolean,
    Choice,
}

/// <summary>One configuration key with everything that help, documentation and validation use.</summary>
/// <param name="Key">The key; an entry of a list is written as entry 0.</param>
/// <param name="Property">Where the value is bound to, as a path below the root.</param>
/// <param name="Values">The values that a choice allows.</param>
/// <param name="Default">What applies if the key is not set.</param>
internal sealed record OptionKey(
    string Key, string Property, string Description, OptionType Type, int Min, int Max, IReadOnlyList<string> Values, string Default)
{
    private const string FirstEntry = "0";
    private const int MaxIndexDigits = 4;

    // Detected by name, so that no new key is missed.
    private static readonly string[] SecretSuffixes = ["Token", "Secret", "Password", "Key"];

    /// <summary>The name of the environment variable.</summary>
    public string Variable => Key.Replace(":", "__", StringComparison.Ordinal);

    public bool IsListEntry => Key.Contains($":{FirstEntry}:", StringComparison.Ordinal);

    /// <summary>The key of the list, such as Identity:Links.</summary>
    public string? List => IsListEntry ? Key[..Key.IndexOf($":{FirstEntry}:", StringComparison.Ordinal)] : null;

    /// <summary>The value must never be shown.</summary>
    public bool IsSecret => SecretSuffixes.Any(suffix => Key.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));

    /// <summary>The key in its canonical spelling if it is this key, or this key in another entry of the list; otherwise null.</summary>
    public string? Canonicalize(string key)
    {
        string[] own = Key.Split(':'), other = key.Split(':');
        if (own.Length != other.Length)
            return null;
        for (int i = 0; i < own.Length; i++)
        {
            if (own[i] == FirstEntry && IsIndex(other[i]))
                own[i] = other[i];
            else if (!own[i].Equals(other[i], StringComparison.OrdinalIgnoreCase))
                return null;
        }

        return string.Join(':', own);
    }

    /// <summary>Whether a key is a parent section of this one, which may exist with an empty value.</summary>
    public bool IsBelow(string section)
    {
        string[] own = Key.Split(':'), other = section.Split(':');
        return other.Length < own.Length && other.Select((part, i) =>
            part.Equals(own[i], StringComparison.OrdinalIgnoreCase) || (own[i] == FirstEntry && IsIndex(part))).All(same => same);
    }

    /// <summary>The value as the binder can read it, or the error.</summary>
    /// <param name="key">This key, or that of another entry of the list.</param>
    /// <param name="text">Trimmed and not empty.</param>
    public (string? Value, ConfigurationError? Error) Read(string key, string text)
    {
        switch (Type)
        {
            case OptionType.Integer when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= Min && number <= Max:
                return (text, null);
            case OptionType.Integer:
                bool isNumber = System.Numerics.BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
                return (null, new ConfigurationError(
                    isNumber ? ConfigurationErrorCodes.OutOfRange : ConfigurationErrorCodes.NotANumber, key,
                    $"{key} is '{text}': set it to a whole number from {Min} to {Max}, or omit it."));
            case OptionType.Boolean when !bool.TryParse(text, out _):
                return (null, new ConfigurationError(ConfigurationErrorCodes.NotABoolean, key, $"{key} is '{text}': set it to true or false, or omit it."));
            case OptionType.Choice:
                return Values.FirstOrDefault(value => value.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } choice
                    ? (choice, null)
                    : (null, new ConfigurationError(ConfigurationErrorCodes.UnknownValue, key, $"{key} is '{text}': set it to {string.Join(", ", Values)}."));
            default:
                return (text, null);
        }
    }

    private static bool IsIndex(string text) => text.Length is > 0 and <= MaxIndexDigits && text.All(char.IsAsciiDigit);
}
