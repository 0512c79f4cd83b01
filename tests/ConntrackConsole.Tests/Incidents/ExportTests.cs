using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ConntrackConsole.Incidents.Export;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Incidents.Report;
using Xunit;
using static ConntrackConsole.Tests.Incidents.IncidentFixture;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>The files of an incident: complete, and harmless whatever workloads and people wrote.</summary>
public sealed partial class ExportTests
{
    private const string Hostile = "<script>alert(1)</script> ![x](http://evil/p.png) \"'&|`";

    [Fact]
    public void Markdown_HasFindingTimelineAndNotes_AndHostileTextIsText()
    {
        string text = MarkdownExport.Of(Document(Hostile));
        Assert.Contains("### M4", text, StringComparison.Ordinal);
        Assert.Contains("## Timeline", text, StringComparison.Ordinal);
        Assert.Contains("Note 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("![x]", text, StringComparison.Ordinal);
        // A row of the table has its five bars only.
        Assert.All(text.Split('\n').Where(line => line.StartsWith("| 2", StringComparison.Ordinal)), line => Assert.Equal(5, UnescapedBar().Count(line)));
        Assert.DoesNotContain("http://", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_IsSelfContained_WithoutScripts_AndHostileTextIsText()
    {
        string page = HtmlExport.Of(Document(Hostile));
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(Resource().Matches(page));
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("<svg class=\"timeline\"", page, StringComparison.Ordinal);
        // The SVG is well formed, with a name and a description.
        var svg = XDocument.Parse(page[page.IndexOf("<svg", StringComparison.Ordinal)..(page.IndexOf("</svg>", StringComparison.Ordinal) + 6)]);
        Assert.Equal("img", svg.Root!.Attribute("role")?.Value);
        Assert.Contains("2 terminating pods, at most 9 entries, 4 of them stale, 7 resets", svg.Root.Element("desc")!.Value, StringComparison.Ordinal);
        Assert.Equal(2, svg.Descendants("rect").Count(rect => rect.Attribute("class")?.Value == "pod"));
        Assert.Contains(svg.Descendants("path"), path => path.Attribute("class")?.Value == "mark action");
    }

    /// <summary>Unknown columns are hatched, never zero.</summary>
    [Fact]
    public void Svg_UnknownColumns_AreHatched()
    {
        string svg = TimelineSvg.Of(new ExportTimeline(T0, 1_000, [1, -1, -1, 2], [0, 0, 0, 0], [0, 0, 0, 0], [], []), []);
        Assert.Equal(1, Regex.Count(svg, "class=\"gap\""));
        Assert.Contains("<title>unknown</title>", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_NoFieldIsAFormula()
    {
        string text = CsvExport.Of(Document("=HYPERLINK(\"http://evil\")"));
        string[] lines = text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("at,kind,title,text,who,reference", lines[0]);
        Assert.Contains("\"'=HYPERLINK(\"\"http://evil\"\")\"", text, StringComparison.Ordinal);
        Assert.DoesNotMatch("(^|,)\"?[=+@]", string.Join('\n', lines[1..]));
    }

    [Fact]
    public void Json_HasEveryPart()
    {
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(JsonExport.Of(Document("a note")), JsonExport.Options));
        var root = json.RootElement;
        Assert.Equal((1, "inc-1", "closed", false), (root.GetProperty("version").GetInt32(), root.GetProperty("id").GetString(), root.GetProperty("state").GetString(), root.GetProperty("redacted").GetBoolean()));
        Assert.Equal("finding-orders", root.GetProperty("findings")[0].GetProperty("id").GetString());
        Assert.Equal(2, root.GetProperty("notes")[0].GetProperty("versions").GetArrayLength());
        Assert.Contains("action", root.GetProperty("timeline").EnumerateArray().Select(one => one.GetProperty("kind").GetString()));
    }

    /// <summary>No name, address or id of the window is in any form of a redacted export.</summary>
    [Fact]
    public void Redacted_EveryForm_HasNoNamesAndNoAddresses()
    {
        var report = Report("ada and olivia: orders-7d9f on node-a (10.1.0.5, fd00::7) hangs");
        var document = ExportDocument.Of(report, Timeline).Map(new Redactor(report.Names).Text);
        Assert.True(document.IsRedacted);
        foreach (string text in (string[])[
            MarkdownExport.Of(document), HtmlExport.Of(document), CsvExport.Of(document), JsonSerializer.Serialize(JsonExport.Of(document), JsonExport.Options)])
        {
            foreach (string secret in (string[])["ada", "olivia", "orders", "shop", "node-a", "10.1.0.5", "fd00::7", "finding-orders", "uid-1", "flush-1"])
                Assert.DoesNotMatch($@"(?i)(?<![\w]){Regex.Escape(secret)}(?![\w])", text);
            Assert.Contains("M4", text, StringComparison.Ordinal);
        }
    }

    private static readonly ExportTimeline Timeline = new(
        T0 - 600_000, 60_000, [3, 9, 9, 5, 0, 0, 0, 0, 0], [0, 4, 4, 0, 0, 0, 0, 0, 0], [0, 5, 2, 0, 0, 0, 0, 0, 0],
        [new ExportSpan("shop/orders-1", T0 - 500_000, T0 - 400_000), new ExportSpan("shop/orders-2", T0 - 450_000, T0 - 440_000)], [new ExportSpan("node-a: silent", T0 - 300_000, T0 - 200_000)]);

    private static ExportDocument Document(string note) => ExportDocument.Of(Report(note), Timeline);

    private static IncidentReport Report(string note)
    {
        var report = ReportEventsTests.Report(
            [ReportEventsTests.Finding("orders", T0 - 400_000, T0 - 200_000)], [ReportEventsTests.Ended("orders-1", T0 - 410_000)],
            ReportEventsTests.Row(3, T0 - 250_000, "flush.approved"), ReportEventsTests.Row(4, T0 - 249_000, "flush.completed", "Completed: 14 entries deleted"));
        var incident = report.Incident with
        {
            ClosedMs = T0, ClosedBy = "ada", Notes = [new IncidentNote(1, [new NoteVersion(T0 + 1_000, "ada", "first"), new NoteVersion(T0 + 2_000, "ada", note)])],
        };
        return ReportEvents.Of(incident, new ReportFacts(report.Findings, [ReportEventsTests.Ended("orders-1", T0 - 410_000)], [],
            [ReportEventsTests.Row(3, T0 - 250_000, "flush.approved"), ReportEventsTests.Row(4, T0 - 249_000, "flush.completed", "Completed: 14 entries deleted")]), T0);
    }

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex UnescapedBar();

    [GeneratedRegex(@"<(?:img|link|iframe|object|embed|script|base)\b|(?:src|href)\s*=|url\((?!#)", RegexOptions.IgnoreCase)]
    private static partial Regex Resource();
}
