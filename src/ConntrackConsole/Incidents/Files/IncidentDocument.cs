using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Audit;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Files;

/// <summary>
/// Everything of an incident but the frames, as JSON. Its names are those of the database's rows, and stay: files are kept for years. Members may
/// be added; a reader skips those that it does not know.
/// </summary>
internal sealed record IncidentDocument
{
    public required long FromMs { get; init; }

    public required long ToMs { get; init; }

    public required string Program { get; init; }

    public IReadOnlyList<IncidentNodeRow> Nodes { get; init; } = [];

    public IReadOnlyList<OwnerSpanRow> Owners { get; init; } = [];

    public IReadOnlyList<ServiceSpanRow> Services { get; init; } = [];

    public IReadOnlyList<EndpointSpanRow> Endpoints { get; init; } = [];

    public long WatchedUntilMs { get; init; }

    public bool KnowsSlices { get; init; }

    public IReadOnlyList<TerminationRow> Terminations { get; init; } = [];

    public IReadOnlyList<RolloutRow> Rollouts { get; init; } = [];

    public IReadOnlyList<PodRestartRow> Restarts { get; init; } = [];

    public IReadOnlyList<ReportedSetting> SettingChanges { get; init; } = [];

    public IReadOnlyList<GapSpan> Gaps { get; init; } = [];

    public IReadOnlyDictionary<string, string> Workloads { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<AuditEntry> Audit { get; init; } = [];

    /// <summary>Null in files of a window that was exported by its times, and in those of versions that did not write it.</summary>
    public IncidentRecordRow? Record { get; init; }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, RespectNullableAnnotations = true,
    };

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="IncidentFileException">It is not a document.</exception>
    public static IncidentDocument Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<IncidentDocument>(json, Json) ?? throw IncidentFile.Damaged("its facts are empty");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException)
        {
            throw IncidentFile.Damaged("its facts cannot be read");
        }
    }

    public static IncidentDocument Of(IncidentWindow incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        return new IncidentDocument
        {
            FromMs = incident.FromMs, ToMs = incident.ToMs, Program = incident.Program,
            Nodes = [.. incident.Nodes.Select(node => new IncidentNodeRow { Name = node.Name, Hello = node.Hello, Settings = node.Settings })],
            Owners = [.. incident.Ownership.Owners.Select(SpanMapper.Row)], Services = [.. incident.Ownership.Services.Select(SpanMapper.Row)],
            Endpoints = [.. incident.Ownership.Endpoints.Select(SpanMapper.Row)],
            WatchedUntilMs = incident.Ownership.WatchedUntilMs, KnowsSlices = incident.Ownership.KnowsSlices,
            Terminations = [.. incident.Terminations.Select(TerminationMapper.Row)], Rollouts = [.. incident.Rollouts.Select(TerminationMapper.Row)],
            Restarts = [.. incident.Restarts.Select(TerminationMapper.Row)], SettingChanges = incident.SettingChanges, Gaps = incident.Gaps,
            Workloads = incident.Workloads, Audit = incident.Audit,
            Record = incident.Record is { } record ? IncidentRecordRow.Of(record) : null,
        };
    }

    /// <param name="frames">By name of the node.</param>
    /// <exception cref="IncidentFileException">A row is impossible.</exception>
    public IncidentWindow ToWindow(IReadOnlyDictionary<string, List<IncidentFrame>> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (FromMs < 0 || ToMs <= FromMs || ToMs - FromMs > IncidentWindow.MaxWindowMs || ToMs > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            throw IncidentFile.Damaged("its window is impossible");
        // A list may have null where an object belongs, which its type does not say.
        object?[] rows =
        [
            .. Nodes, .. Owners, .. Services, .. Endpoints, .. Terminations, .. Rollouts, .. Restarts, .. SettingChanges, .. Gaps, .. Workloads.Values, .. Audit,
            .. Nodes.SelectMany(node => node?.Hello is { } hello ? hello.Capabilities.Concat<object?>(hello.Sysctls.Values) : []),
            .. Nodes.SelectMany(node => node?.Settings is { } settings ? settings.Values.Select(setting => setting.Value) : []),
        ];
        if (rows.Contains(null) || Nodes.DistinctBy(node => node.Name).Count() != Nodes.Count || frames.Keys.Except(Nodes.Select(node => node.Name)).Any())
            throw IncidentFile.Damaged("its facts are not complete");
        if (Gaps.Any(gap => !Enum.IsDefined(gap.Kind)) || Terminations.Any(row => !Enum.IsDefined((TerminationCause)row.Cause)) || Rollouts.Any(row => !Enum.IsDefined((Cluster.Model.WorkloadKind)row.Kind)))
            throw IncidentFile.Damaged("a fact has an unknown kind");
        return new IncidentWindow(FromMs, ToMs, Program)
        {
            Nodes = [.. Nodes.Select(node => new IncidentNode(node.Name, node.Hello, node.Settings, frames.GetValueOrDefault(node.Name) ?? []))],
            Ownership = new OwnershipWindow(All(Owners, SpanMapper.Span), All(Services, SpanMapper.Span), All(Endpoints, SpanMapper.Span), WatchedUntilMs, KnowsSlices),
            Terminations = [.. Terminations.Select(TerminationMapper.Termination)], Rollouts = [.. Rollouts.Select(TerminationMapper.Rollout)],
            Restarts = [.. Restarts.Select(TerminationMapper.Restart)], SettingChanges = SettingChanges, Gaps = Gaps, Workloads = Workloads, Audit = Audit,
            Record = Record?.ToIncident(FromMs, ToMs),
        };
    }

    private static List<TSpan> All<TRow, TSpan>(IEnumerable<TRow> rows, Func<TRow, TSpan?> map)
        where TSpan : class => [.. rows.Select(row => map(row) ?? throw IncidentFile.Damaged("a span of an address is impossible"))];
}

/// <summary>What is known of a node besides its frames.</summary>
internal sealed record IncidentNodeRow
{
    public required string Name { get; init; }

    public Hello? Hello { get; init; }

    public IReadOnlyDictionary<string, SettingFact>? Settings { get; init; }
}
