using ConntrackConsole.Components.State.Urls;
using Xunit;

namespace ConntrackConsole.Tests.Components.State.Urls;

/// <summary>The order of a list.</summary>
public sealed class ListSortTests
{
    private static readonly SortColumn<(string Name, int Count)> Name = new("name", "Name", row => row.Name, true), Count = new("count", "Count", row => row.Count);

    [Fact]
    public void Next_Text_FromA_FromZ_OwnOrder()
    {
        var first = ListSort.Own.Next(Name);
        Assert.Equal(("name", false, "ascending"), (first.Column, first.IsDescending, first.Order("name")));
        Assert.Equal(new ListSort("name", true), first.Next(Name));
        Assert.Equal(ListSort.Own, first.Next(Name).Next(Name));
    }

    [Fact]
    public void Next_Number_FromTheHighest_FromTheLowest_OwnOrder()
    {
        var first = new ListSort("name", true).Next(Count);
        Assert.Equal(("count", true, "none"), (first.Column, first.IsDescending, first.Order("name")));
        Assert.Equal(new ListSort("count", false), first.Next(Count));
        Assert.Equal(ListSort.Own, first.Next(Count).Next(Count));
    }

    [Theory]
    [InlineData(null, false, "b a B c")]
    [InlineData("name", false, "B a b c")]
    [InlineData("name", true, "c b a B")]
    [InlineData("count", true, "c b B a")]
    [InlineData("count", false, "a b B c")]
    [InlineData("missing", true, "b a B c")]
    public void Apply_KeepsEqualRowsInOrder(string? column, bool isDescending, string names) =>
        Assert.Equal(names, string.Join(' ', new ListSort(column, isDescending).Apply([("b", 2), ("a", 1), ("B", 2), ("c", 3)], [Name, Count]).Select(row => row.Item1)));

    [Fact]
    public void Query_RoundTrips()
    {
        foreach (var sort in (ListSort[])[ListSort.Own, new("name", false), new("count", true)])
        {
            var (column, desc) = sort.ToQuery();
            Assert.Equal(sort, ListSort.Parse(UrlQuery.Of($"http://localhost/?sort={column}&desc={desc}")));
        }
    }
}
