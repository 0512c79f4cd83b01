namespace ConntrackConsole.Configuration;

/// <summary>One error of the configuration.</summary>
/// <param name="Code">One of <see cref="ConfigurationErrorCodes"/>.</param>
/// <param name="Key">The configuration key to correct.</param>
/// <param name="Message">What is wrong and what to set; it names the key and never shows a secret.</param>
internal sealed record ConfigurationError(string Code, string Key, string Message)
{
    private const char Separator = '\n';

    /// <summary>The error as one text: the options infrastructure carries failures as strings only.</summary>
    public string ToFailure() => $"{Code}{Separator}{Key}{Separator}{Message}";

    public static ConfigurationError FromFailure(string failure)
    {
        string[] parts = failure.Split(Separator, 3);
        return new ConfigurationError(parts[0], parts[1], parts[2]);
    }
}
