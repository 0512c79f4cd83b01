using System.Text.RegularExpressions;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>
/// Code, comments and texts use the field's words (docs/glossary.md). The words below belong to the private language that an earlier version
/// spoke; identifiers are split at their capitals, so <c>ActionDesk</c> counts as "desk".
/// </summary>
public partial class WordTests
{
    private static readonly HashSet<string> Words =
    [
        "desk", "desks", "board", "boards", "door", "doors", "fold", "folds", "folded", "folding", "tell", "tells", "told", "untold", "retell", "teller",
        "says", "said", "nobody", "anew", "deaf", "deafness", "mend", "mends", "mended", "mending", "house", "room", "rooms", "road", "roads",
        "judge", "judges", "judged", "judgement", "judgment", "fate", "fates", "tenure", "crowd", "whose", "friction", "misplacement", "meter", "meters", "world",
    ];

    private static readonly string[] Folders = ["src", "wwwroot", "docs", "deploy"];
    private static readonly string[] Extensions = [".cs", ".razor", ".js", ".css", ".html", ".md", ".yaml"];

    [Fact]
    public void Sources_UseTheWordsOfTheGlossary()
    {
        var found =
            from folder in Folders
            from path in Directory.EnumerateFiles(RepositoryFiles.Path(folder), "*.*", SearchOption.AllDirectories)
            // The upgrade page names what was renamed.
            where Extensions.Contains(Path.GetExtension(path)) && !path.Contains("/Migrations/", StringComparison.Ordinal) && Path.GetFileName(path) != "upgrade.md"
            from line in File.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
            from word in Find(line.Text)
            select $"{Path.GetRelativePath(RepositoryFiles.Root, path)}:{line.Number}: {word}: {line.Text.Trim()}";
        RepositoryFiles.AssertNone(found);
    }

    [Theory]
    [InlineData("internal sealed class ActionDesk", "desk")]
    [InlineData("// What the kernel told us.", "told")]
    [InlineData("private const int MostRows = 5;", "MostRows")]
    [InlineData("long longestMs = 0;", "longestMs")]
    [InlineData("private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);", "Every")]
    [InlineData("It is set back at its time.", "set back")]
    [InlineData("<p data-testid=\"meter-left\">", "meter")]
    public void Find_OffendingLine_NamesTheWord(string line, string word) => Assert.Contains(word, Find(line));

    [Theory]
    [InlineData("The keyboard, the clipboard and the dashboard; a folder in the background.")]
    [InlineData("Most entries are short-lived; every second a frame is sent.")]
    [InlineData("var everyNode = nodes; int almost = 3;")]
    [InlineData("string parameter = name;")]
    [InlineData("[property: JsonPropertyName(\"leftovers\")] int Closing")]
    [InlineData("public const string FlushOutcome = \"Meter\";")]
    public void Find_OrdinaryLine_FindsNothing(string line) => Assert.Empty(Find(line));

    private static IEnumerable<string> Find(string text) => FindIn(StoredName().Replace(text, ""));

    private static IEnumerable<string> FindIn(string line) =>
        Letters().Matches(line).SelectMany(m => Parts().Matches(m.Value)).Select(m => m.Value.ToLowerInvariant()).Where(Words.Contains)
            .Concat(Bounds().Matches(line).Select(m => m.Value))
            .Concat(Durations().Matches(line).Select(m => m.Groups[1].Value))
            .Concat(Phrases().Matches(line).Select(m => m.Value))
            .Distinct();

    // Names that stored data and other versions know stay as they are.
    [GeneratedRegex(@"(?:JsonPropertyName|JsonStringEnumMemberName|HasColumnName|Column)\(""[^""]*""\)|FlushOutcome = ""Meter""|""leftovers?""|`leftovers`")]
    private static partial Regex StoredName();

    [GeneratedRegex("[A-Za-z]+")]
    private static partial Regex Letters();

    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")]
    private static partial Regex Parts();

    // Bounds are Max, Min and Default.
    [GeneratedRegex(@"\b_?(?:[Mm]ost|[Ll]ongest|[Ll]east|[Ss]hortest|[Uu]sual)[A-Z]\w*")]
    private static partial Regex Bounds();

    // Times are Interval, Timeout, Ttl, Lookback, Backoff or Retention.
    [GeneratedRegex(@"\b(?:const|readonly|static)\b.* (Most|Longest|Least|Usual|Shortest|Every|Beat|Pace|Fresh|Back|Life)(?= *=)")]
    private static partial Regex Durations();

    [GeneratedRegex(@"\b(?:(?:is|are) none|turn(?:ed|s)? round|sets? (?:it |them )?back|look again|leads? nowhere|leftovers?|the past|come of it|came of|loose ends?|ask(?:s|ed)? a second person|make it last|done in part|for ever)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Phrases();
}
