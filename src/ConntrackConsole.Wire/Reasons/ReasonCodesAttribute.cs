namespace ConntrackConsole.Wire;

/// <summary>
/// Marks a static class of stable reason codes, which are string constants (<c>area.what_happened</c>, lower case, snake case). Each constant
/// carries a <see cref="System.ComponentModel.DescriptionAttribute"/>; the table in docs/reason-codes.md is made from them.
/// </summary>
/// <param name="area">Heading of the table that lists the codes of this class.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ReasonCodesAttribute(string area) : Attribute
{
    /// <summary>Heading of the table that lists the codes of this class.</summary>
    public string Area { get; } = area;
}
