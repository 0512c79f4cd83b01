namespace ConntrackConsole.Configuration;

/// <summary>The console cannot start. The message is shown to the user: what is wrong and what to do. It leads to exit code 2.</summary>
internal sealed class StartupException : Exception
{
    public StartupException(string message)
        : base(message)
    {
    }

    internal StartupException(IReadOnlyList<ConfigurationError> errors)
        : base($"The configuration is not valid:{string.Concat(errors.Select(error => $"\n  - {error.Message} [{error.Code}]"))}") =>
        Errors = errors;

    /// <summary>Every error of the configuration; empty where something else keeps the console from starting.</summary>
    internal IReadOnlyList<ConfigurationError> Errors { get; } = [];
}
