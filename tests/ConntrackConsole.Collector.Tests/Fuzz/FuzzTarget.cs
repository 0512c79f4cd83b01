namespace ConntrackConsole.Collector.Tests.Fuzz;

/// <summary>A parser of foreign bytes. It may refuse an input in its documented way; it may not throw anything else.</summary>
/// <param name="Name">What is parsed.</param>
/// <param name="Seeds">Good inputs, and bad ones that were found.</param>
/// <param name="Parse">Parses, and asserts what must hold for what it accepts.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, FuzzTarget.Parser Parse)
{
    public delegate void Parser(ReadOnlySpan<byte> input);

    public override string ToString() => Name;
}
