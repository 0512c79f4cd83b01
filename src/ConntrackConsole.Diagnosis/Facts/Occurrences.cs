namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>How often something was observed, and when.</summary>
/// <param name="Count">Number of occurrences; of resets, of distinct clients (address and port).</param>
/// <param name="TimesMs">Their times, milliseconds of Unix time, in any order. Fewer than <paramref name="Count"/>: the other times are unknown.</param>
internal sealed record Occurrences(int Count, IReadOnlyList<long> TimesMs)
{
    public static readonly Occurrences None = new(0, []);

    /// <summary>All times are known.</summary>
    public bool IsTimed => TimesMs.Count >= Count;

    public long? FirstMs => TimesMs.Count == 0 ? null : TimesMs.Min();

    public long? LastMs => TimesMs.Count == 0 ? null : TimesMs.Max();

    public static implicit operator Occurrences(int count) => new(count, []);

    public static Occurrences At(params long[] timesMs) => new(timesMs.Length, timesMs);

    /// <summary>Those from a time on and before another one.</summary>
    public Occurrences Between(long fromMs, long toMs) => At([.. TimesMs.Where(timeMs => timeMs >= fromMs && timeMs < toMs)]);

    public static Occurrences operator +(Occurrences left, Occurrences right) => new(left.Count + right.Count, [.. left.TimesMs, .. right.TimesMs]);
}
