using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackConsole.Api.Findings;
using ConntrackConsole.Findings;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Tests.Architecture;
using Xunit;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>
/// Replays the incidents that the lab recorded (tests/accuracy/incidents, see CONTRIBUTING.md): each has the findings that were recorded with it,
/// and without one of its sources the same names or insufficient evidence, never another name. UPDATE_VERDICTS=1 writes the present findings.
/// </summary>
public sealed class StoredIncidentTests
{
    private const long MaxFile = 300 << 10, MaxFiles = 8 << 20;

    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "tests", "accuracy", "incidents");
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    // What is about nodes has no Service.
    private const string OfNodes = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static IEnumerable<TheoryDataRow<string>> Recorded() => Directory.GetFiles(Folder, "*.incident").Order(StringComparer.Ordinal).Select(file => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(file)));

    public static IEnumerable<TheoryDataRow<string, Loss>> Losses() => Recorded().SelectMany(row => Enum.GetValues<Loss>(), (row, loss) => new TheoryDataRow<string, Loss>(row.Data, loss));

    /// <summary>Of what the lab did, and whether it was named.</summary>
    [Theory]
    [MemberData(nameof(Recorded))]
    public void Replay_HasTheRecordedFindings_AndNoWrongName(string name)
    {
        var about = About(name);
        var found = Replay(Read(name));
        string[] verdicts = [.. found.Findings.Select(Verdict).Order(StringComparer.Ordinal)];
        if (Environment.GetEnvironmentVariable("UPDATE_VERDICTS") == "1")
        {
            about["verdicts"] = new JsonArray([.. verdicts.Select(verdict => (JsonNode)verdict)]);
            File.WriteAllText(Path.Combine(Folder, name + ".json"), about.ToJsonString(Indented) + "\n");
        }

        Assert.Equal(about["verdicts"]!.AsArray().Select(verdict => (string)verdict!), verdicts);
        Assert.DoesNotContain(Names(found), named => !IsTrue(about, name, named));
    }

    /// <summary>What really happened is named, or said to be unknown, or a known miss with its reason.</summary>
    [Theory]
    [MemberData(nameof(Recorded))]
    public void Replay_NamesWhatReallyHappened_OrSaysThatItIsUnknown(string name)
    {
        var found = Replay(Read(name));
        var named = Names(found).ToList();
        var known = KnownMiss.All.Where(miss => miss.File == name).ToList();
        foreach (var miss in known)
            TestContext.Current.TestOutputHelper?.WriteLine($"known miss: {miss}");

        var unnamed = Truth(name).Where(truth => !named.Contains((truth.Code, truth.Service)) && !named.Contains((truth.Code, OfNodes))).ToList();
        var calm = unnamed.Where(truth => !IsUnknown(found, truth)).Select(truth => $"{truth.Code} {truth.Service}");
        // A miss that is mended leaves the list.
        Assert.Equal(known.Select(miss => $"{miss.Code} {miss.Service}").Order(StringComparer.Ordinal), calm.Order(StringComparer.Ordinal));
    }

    /// <summary>The list only gets shorter: lower the number with it.</summary>
    [Fact]
    public void KnownMisses_AreOfRecordedIncidents_WithAReason_AndNotMoreThanBefore()
    {
        foreach (var miss in KnownMiss.All)
            TestContext.Current.TestOutputHelper?.WriteLine($"known miss: {miss}");
        Assert.True(KnownMiss.All.Count == KnownMiss.Most, $"The list has {KnownMiss.All.Count} lines, and may have {KnownMiss.Most}.");
        Assert.All(KnownMiss.All, miss => Assert.True(miss.Reason.Length > 20, $"{miss} has no reason."));
        Assert.Subset(Recorded().Select(row => row.Data).ToHashSet(), KnownMiss.All.Select(miss => miss.File.Split(':')[0]).ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Replay_WithoutASource_HasTheSameNamesOrTooLittleEvidence(string name, Loss loss)
    {
        var about = About(name);
        var incident = Read(name);
        var whole = Names(Replay(incident)).ToList();
        var found = Replay(incident.Without(loss));
        var names = Names(found).ToList();

        Assert.DoesNotContain(names, named => !whole.Contains(named) && !IsTrue(about, name, named));
        // What is not named any more must not look calm. Without the cluster a name has no Service.
        bool isCalm = found.Insufficient.Count == 0 && whole.Any(known => !names.Exists(named => named.Code == known.Code && (named.Service == known.Service || named.Service.Length == 0)));
        Assert.Equal(KnownMiss.All.Any(miss => miss.File == $"{name}:{loss}"), isCalm);
    }

    [Fact]
    public void Files_AreFew_AndSmall_EachWithItsLabels()
    {
        var files = Directory.GetFiles(Folder, "*.incident").Select(file => new FileInfo(file)).ToList();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.InRange(file.Length, 1, MaxFile));
        Assert.InRange(Directory.GetFiles(Folder).Sum(file => new FileInfo(file).Length), 1, MaxFiles);
        Assert.Equal(files.Select(file => Path.ChangeExtension(file.Name, ".json")).Order(StringComparer.Ordinal), Directory.GetFiles(Folder, "*.json").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static IncidentWindow Read(string name) => IncidentCodec.Read(File.ReadAllBytes(Path.Combine(Folder, name + ".incident")));

    private static JsonNode About(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!;

    private static FindingReport Replay(IncidentWindow incident) => new IncidentReplay(incident).Findings(Ct);

    private static IEnumerable<(string Code, string Service)> Names(FindingReport report) => report.Findings.Select(finding => (finding.Code, $"{finding.Subject.Service}")).Distinct();

    // What the lab observed of each part; a part without labels did nothing.
    private static IEnumerable<(string Mechanism, string Code, string Service)> Truth(string name) => About(name)["truth"]!.AsArray()
        .Where(part => (string?)part!["code"] is not null && (int)part["labels"]! > 0)
        .Select(part => ((string)part!["mechanism"]!, (string)part["code"]!, (string)part["service"]!));

    // Its mechanism at its Service, or an interval of a node with entries of it.
    private static bool IsUnknown(FindingReport found, (string Mechanism, string Code, string Service) truth) => found.Insufficient.Any(missing => missing.IsGap
        ? missing.Missing.Contains(truth.Service, StringComparison.Ordinal)
        : $"{missing.Subject?.Service}" == truth.Service && missing.Mechanisms.Split(',', ' ').Contains(truth.Mechanism));

    // As the recorder writes it.
    private static string Verdict(ObservedFinding finding)
    {
        var json = JsonSerializer.SerializeToNode(FindingView.Of(finding), JsonSerializerOptions.Web)!;
        var explains = json["explains"]!;
        return $"{json["code"]} {json["namespace"]}/{json["service"]} {json["backend"] ?? "-"}: {explains["count"]} of {explains["whole"]} {explains["unit"]}, {json["confidence"]}";
    }

    // Without the cluster no Service is known. A fault of a node reaches other Services than the scenario's own: they have labels of their own.
    private static bool IsTrue(JsonNode about, string name, (string Code, string Service) named) => about["truth"]!.AsArray().Any(part =>
        (named.Service.Length == 0 || (string?)part!["service"] == named.Service)
        && ((string?)part!["code"] == named.Code || part["alsoTrue"]!.AsArray().Any(code => (string?)code == named.Code)))
        || File.ReadLines(Path.Combine(Folder, name + ".labels.jsonl")).Select(line => JsonNode.Parse(line)!).Any(label => ((string?)label["code"], (string?)label["service"]) == named);
}
