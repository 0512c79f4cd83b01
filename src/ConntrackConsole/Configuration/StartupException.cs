namespace ConntrackConsole.Configuration;

/// <summary>The console cannot start. The message explains what is wrong and what to do. Leads to exit code 2.</summary>
internal sealed class StartupException : Exception
{
    /// <param name="code">One of <see cref="StartupErrorCodes"/> or <see cref="ConfigurationErrorCodes"/>.</param>
    public StartupException(string code, string message)
        : base(message) =>
        Code = code;

    internal StartupException(IReadOnlyList<ConfigurationError> errors)
        : base($"The configuration is not valid:{string.Concat(errors.Select(error => $"\n  - {error.Message} [{error.Code}]"))}") =>
        (Code, Errors) = (errors[0].Code, errors);

    /// <summary>Stable code; that of the first error for configuration errors.</summary>
    internal string Code { get; }

    /// <summary>Every configuration error; empty for other failures.</summary>
    internal IReadOnlyList<ConfigurationError> Errors { get; } = [];
}
