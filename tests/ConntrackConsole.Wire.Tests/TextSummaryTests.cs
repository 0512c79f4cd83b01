using Xunit;

namespace ConntrackConsole.Wire.Tests;

public class TextSummaryTests
{
    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc…")]
    public void Truncate_KeepsShortTextsAndMarksTruncatedOnes(string text, int max, string expected) => Assert.Equal(expected, TextSummary.Truncate(text, max));

    [Theory]
    [InlineData("a", null, "a")]
    [InlineData("a b", null, "a, b")]
    [InlineData("a b c d", null, "a, b and 2 more")]
    [InlineData("a b c", "nodes", "a, b and 1 more nodes")]
    public void List_NamesTheFirstItemsAndCountsTheOthers(string items, string? noun, string expected) => Assert.Equal(expected, TextSummary.List(items.Split(' '), 2, noun));
}
