namespace ConntrackConsole.Collector.Tests.Fuzz;

/// <summary>A parser of untrusted bytes. It may refuse an input in its documented way; it must not throw anything else.</summary>
/// <param name="Name">What is parsed.</param>
/// <param name="Seeds">Valid inputs, and invalid ones that were found.</param>
/// <param name="Parse">Parses, and asserts the invariants of accepted input.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, FuzzTarget.Parser Parse)
{
    public delegate void Parser(ReadOnlySpan<byte> input);

    public override string ToString() => Name;
}
