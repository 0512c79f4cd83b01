namespace ConntrackConsole.Components.Palette;

/// <summary>The best of many matches, best first: bounded, so that a text which matches every pod costs no memory.</summary>
internal sealed class BestMatches(int max)
{
    private readonly List<Match> _matches = new(max);

    public IReadOnlyList<Match> All => _matches;

    /// <param name="name">Decides between equally good ones.</param>
    public void Add(MatchRank rank, string name, object item)
    {
        if (rank == MatchRank.None || (_matches.Count == max && Compare(rank, name, _matches[^1]) >= 0))
            return;
        if (_matches.Count == max)
            _matches.RemoveAt(max - 1);
        int at = _matches.Count;
        while (at > 0 && Compare(rank, name, _matches[at - 1]) < 0)
            at--;
        _matches.Insert(at, new Match(rank, name, item));
    }

    private static int Compare(MatchRank rank, string name, in Match other) =>
        rank != other.Rank ? rank.CompareTo(other.Rank) : string.CompareOrdinal(name, other.Name);

    public readonly record struct Match(MatchRank Rank, string Name, object Item);
}
