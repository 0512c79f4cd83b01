using System.Diagnostics.CodeAnalysis;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>One source of evidence: what it contains, or why it is not available. The default value is a source that was not observed.</summary>
internal readonly record struct Source<T>
    where T : class
{
    private readonly string? _missing;

    private Source(T? value, string? missing) => (Value, _missing) = (value, missing);

    /// <summary>Null if it is missing.</summary>
    public T? Value { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    public bool IsKnown => Value is not null;

    /// <summary>Why it is missing; null if it is known.</summary>
    public string? MissingBecause => IsKnown ? null : _missing ?? "not observed";

    public static Source<T> Known(T value) => new(value, null);

    public static Source<T> Missing(string reason) => new(null, reason);

    public static implicit operator Source<T>(T value) => Known(value);
}
