using System.IO.Compression;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>A recorded watch line.</summary>
/// <param name="Kind">The last segment of its path, such as endpointslices.</param>
/// <param name="Version">resourceVersion of its object.</param>
/// <param name="Object">The object within the line.</param>
/// <param name="Uid">uid of its object.</param>
/// <param name="IsDeleted">True if its object was deleted.</param>
public sealed record RecordedLine(double T, string Kind, string Line, long Version, string Object, string Uid, bool IsDeleted)
{
    // Immutable and expensive to parse: shared by all replays of the recording.
    private readonly Lazy<ClusterChange?> _change = new(() => KubeReader.Read(WatchedKind.All.Single(k => k.Name == Kind), Line).Change);

    /// <summary>The line as parsed by the console; null if it is irrelevant.</summary>
    internal ClusterChange? Change => _change.Value;
}

/// <summary>An object of a list.</summary>
/// <param name="Change">As parsed by the console; null if it is irrelevant.</param>
internal sealed record RecordedObject(string Kind, string Uid, ClusterChange? Change);

/// <summary>An operation on the cluster.</summary>
public sealed record RecordedLabel(double T, string Did);

/// <summary>A response of a node's kube-proxy.</summary>
public sealed record RecordedPage(double T, string Path, int Status, string Body);

/// <summary>
/// A recording of a real API server (tests/fixtures/recordings, or the folder in CC_RECORDINGS): list bodies, watch lines in
/// order of arrival, labels, and the kube-proxy responses.
/// </summary>
public sealed class RecordedFiles
{
    private const string ProxyFiles = "kube-proxy-";

    private static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "fixtures", "recordings");

    private readonly Dictionary<string, List<int>> _linesOf;
    private readonly Lazy<IReadOnlyList<RecordedObject>> _listObjects;

    private static string Root => Environment.GetEnvironmentVariable("CC_RECORDINGS") is { Length: > 0 } given ? given : Fixtures;

    /// <summary>Every recording, for [MemberData].</summary>
    public static TheoryData<string> Names =>
        [.. Directory.GetDirectories(Root).Where(d => File.Exists(Path.Combine(d, "about.json"))).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    public RecordedFiles(string name)
    {
        // A recording requested by name is found even if the configured folder contains others.
        string folder = Path.Combine(Directory.Exists(Path.Combine(Root, name)) ? Root : Fixtures, name);
        Name = name;
        Pages = Directory.GetFiles(folder, ProxyFiles + "*.jsonl.gz").ToDictionary(
            f => Path.GetFileName(f)[ProxyFiles.Length..^".jsonl.gz".Length], f => (IReadOnlyList<RecordedPage>)[.. Text(Unzipped(f)).Select(Page)]);
        using var about = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "about.json")));
        Start = DateTimeOffset.FromUnixTimeMilliseconds((long)(about.RootElement.GetProperty("t0_unix").GetDouble() * 1000));
        Seconds = about.RootElement.GetProperty("seconds").GetDouble();
        Lists = Directory.GetFiles(Path.Combine(folder, "lists"), "*.json.gz")
            .ToDictionary(f => Path.GetFileName(f)[..^".json.gz".Length], Unzipped);
        // The recorder stamped a line a moment before it wrote it: two watches may be out of order by a millisecond.
        double last = double.MinValue;
        Lines = [.. Text(Unzipped(Path.Combine(folder, "watch.jsonl.gz"))).Select(Line).Select(line => line with { T = last = Math.Max(last, line.T) })];
        _linesOf = Lines.Index().GroupBy(l => l.Item.Kind).ToDictionary(g => g.Key, g => g.Select(l => l.Index).ToList());
        _listObjects = new(() => [.. WatchedKind.All.Where(k => Lists.ContainsKey(k.Name)).SelectMany(ObjectsOf)]);
        // Recordings of watches only have no labels.
        string labels = Path.Combine(folder, "labels.jsonl");
        Labels = File.Exists(labels) ? [.. File.ReadLines(labels).Where(l => l.Length > 0).Select(Label)] : [];
    }

    public string Name { get; }

    public DateTimeOffset Start { get; }

    public double Seconds { get; }

    /// <summary>By kind, the raw bodies.</summary>
    public IReadOnlyDictionary<string, byte[]> Lists { get; }

    public IReadOnlyList<RecordedLine> Lines { get; }

    /// <summary>Indexes into <see cref="Lines"/> of the lines of a kind.</summary>
    public IReadOnlyList<int> LinesOf(string kind) => _linesOf.GetValueOrDefault(kind, []);

    /// <summary>The objects of the lists, kind by kind in the order of <see cref="WatchedKind.All"/>.</summary>
    internal IReadOnlyList<RecordedObject> ListObjects => _listObjects.Value;

    public IReadOnlyList<RecordedLabel> Labels { get; }

    /// <summary>By node, ordered by time.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<RecordedPage>> Pages { get; }

    /// <summary>Unix milliseconds of a recorded second.</summary>
    public long At(double seconds) => (Start + TimeSpan.FromSeconds(seconds)).ToUnixTimeMilliseconds();

    private List<RecordedObject> ObjectsOf(WatchedKind kind)
    {
        using var list = JsonDocument.Parse(Lists[kind.Name]);
        return [.. list.RootElement.GetProperty("items").EnumerateArray()
            .Select(i => new RecordedObject(kind.Name, i.GetProperty("metadata").GetProperty("uid").GetString()!, kind.Change(i, false)))];
    }

    private static RecordedPage Page(string json)
    {
        using var parsed = JsonDocument.Parse(json);
        var page = parsed.RootElement;
        return new RecordedPage(
            page.GetProperty("t").GetDouble(), page.GetProperty("path").GetString()!, page.GetProperty("status").GetInt32(), page.GetProperty("body").GetString()!);
    }

    private static RecordedLine Line(string json)
    {
        using var parsed = JsonDocument.Parse(json);
        string line = parsed.RootElement.GetProperty("line").GetString()!.TrimEnd('\n');
        using var watched = JsonDocument.Parse(line);
        var item = watched.RootElement.GetProperty("object");
        var metadata = item.GetProperty("metadata");
        return new RecordedLine(
            parsed.RootElement.GetProperty("t").GetDouble(), parsed.RootElement.GetProperty("kind").GetString()!, line,
            long.Parse(metadata.GetProperty("resourceVersion").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
            item.GetRawText(), metadata.GetProperty("uid").GetString()!, watched.RootElement.GetProperty("type").GetString() == "DELETED");
    }

    private static RecordedLabel Label(string json)
    {
        using var parsed = JsonDocument.Parse(json);
        return new RecordedLabel(parsed.RootElement.GetProperty("t").GetDouble(), parsed.RootElement.GetProperty("did").GetString()!);
    }

    private static string[] Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static byte[] Unzipped(string file)
    {
        using var unzipped = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        unzipped.CopyTo(bytes);
        return bytes.ToArray();
    }
}
