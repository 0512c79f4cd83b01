using ConntrackConsole.Configuration;
using Xunit;

namespace ConntrackConsole.Tests.Configuration;

/// <summary>docs/configuration.md lists the keys of the program.</summary>
public class ConfigurationPageTests
{
    private const string Begin = "<!-- begin generated -->\n";
    private const string End = "<!-- end generated -->";
    private const string Update = "UPDATE_DOCS";

    [Fact]
    public void Table_IsWhatTheProgramKnows()
    {
        string page = File.ReadAllText(Page);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, end = page.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, $"{Page} has no markers '{Begin.Trim()}' and '{End}'.");
        string table = string.Concat(Lines().Select(line => line + "\n"));
        if (Environment.GetEnvironmentVariable(Update) == "1")
            File.WriteAllText(Page, page[..begin] + table + page[end..]);
        else
            Assert.True(page[begin..end] == table, $"The table in {Page} is out of date: run this test with {Update}=1. It should be:\n{table}");
    }

    private static IEnumerable<string> Lines()
    {
        yield return "| key | environment variable | type | meaning | default |";
        yield return "|---|---|---|---|---|";
        foreach (var option in OptionKeys.All)
        {
            string type = option.Type switch
            {
                OptionType.Integer => $"{option.Min} to {option.Max}",
                OptionType.Boolean => "`true`, `false`",
                OptionType.Choice => string.Join(", ", option.Values.Select(value => $"`{value}`")),
                _ => option.IsSecret ? "secret" : "text",
            };
            string more = option.IsListEntry ? "; `:1:` and so on for more" : "";
            yield return $"| `{option.Key}` | `{option.Variable}` | {type} | {option.Description}{more} | {option.Default.Replace("<", "&lt;", StringComparison.Ordinal)} |";
        }
    }

    private static string Page
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "ConntrackConsole.sln")))
                folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run within the repository.");
            return Path.Combine(folder.FullName, "docs", "configuration.md");
        }
    }
}
