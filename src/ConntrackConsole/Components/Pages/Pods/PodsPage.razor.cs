using System.Data.Common;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.ShellText;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace ConntrackConsole.Components.Pages.Pods;

/// <summary>All pods that are known: those of the cluster, and those that terminated in the range.</summary>
public sealed partial class PodsPage : ComponentBase
{
    private const int MaxFlushes = 500;
    private const long EndMs = 60_000;
    private const int EndColumns = 12;
    private const long ResetsMs = TimelineStore.HorizonMs;

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(5);

    private static readonly SortColumn<PodListRow>[] Columns =
    [
        new("name", "Pod", row => row.Name, true),
        new("workload", "Workload", row => row.Workload, true),
        new("ip", "Address", row => row.Ips, true),
        new("node", "Node", row => row.Node, true),
        new("state", "State", row => row.State, true),
        new("created", "Created", row => row.CreatedMs ?? -1),
        new("requested", "Deletion requested", row => row.End?.At(TerminationPhase.DeletionRequested) ?? -1),
        new("finished", "Finished", row => row.End?.ContainerFinishedMs ?? -1),
        new("deleted", "Deleted", row => row.End?.DeletedMs ?? -1),
        new("entries", "Entries", row => row.Entries ?? -1),
        new("stale", "Stale", row => row.Stale ?? -1),
        new("resets", "Resets", row => row.Resets ?? -1),
        new("flushed", "Flushed", row => row.Flush is { } flush ? flush.StartedMs ?? flush.UpdatedMs : -1),
    ];

    private IntervalFeed? _feed;
    private PodsUrl _url = PodsUrl.Default;
    private IReadOnlyList<PodListRow>? _rows;
    private List<PodListRow> _shown = [];
    private List<Row> _grid = [];
    private string[] _namespaces = [], _nodes = [];
    private List<string> _notes = [];
    private string? _problem;
    private long? _resetsFromMs;
    private int _stale, _terminating, _terminated;
    private bool _isUnsure;

    [Inject] private TimelineQueryService Timeline { get; set; } = null!;

    [Inject] private TimelineStore Store { get; set; } = null!;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private ActionStore Actions { get; set; } = null!;

    [Inject] private NavigationManager Nav { get; set; } = null!;

    [Inject] private Visibility Visibility { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    /// <summary>The viewer's time zone.</summary>
    [CascadingParameter] public ViewerClock Viewer { get; set; } = ViewerClock.Utc;

    private long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private string Headline => _rows is null ? "Pods"
        : _stale > 0 ? $"{DisplayText.Count(_stale, "pod has", "pods have")} stale entries."
        : $"{DisplayText.Count(_shown.Count, "pod")}: {_terminating:N0} terminating, {_terminated:N0} terminated{(_isUnsure ? "; stale entries are not known everywhere" : ", none with stale entries")}.";

    private string ResetsTitle => _resetsFromMs is { } fromMs ? $"Resets of its connections since {Viewer.Time(fromMs)}: single resets are kept for an hour." : "Resets of single pods are not known: they are kept for an hour.";

    // Null if a filter has a character that no line can show safely.
    private string? Command => ShellWord.Line(
    [
        "kubectl", "get", "pods", "-o", "wide", .. _url.Namespace is { } ns ? ["-n", ns] : (string[])["-A"], .. _url.Node is { } node ? (string[])["--field-selector", $"spec.nodeName={node}"] : [],
    ]);

    protected override void OnInitialized()
    {
        _url = PodsUrl.Parse(Nav.Uri);
        Nav.LocationChanged += OnLocationChanged;
        _feed = new IntervalFeed(RefreshInterval, Clock, Visibility, RefreshAsync);
    }

    // Runs outside the circuit's thread.
    private async Task RefreshAsync(CancellationToken ct)
    {
        var url = _url;
        try
        {
            long nowMs = NowMs;
            var (fromMs, toMs) = url.Window(nowMs);
            var whole = new TimelineQuery(fromMs, toMs, 1, Lanes: 0) { OmitsSums = true };
            var end = new TimelineQuery(Math.Max(fromMs, toMs - EndMs), toMs, EndColumns) { OmitsSums = true };
            long memoryMs = Math.Max(Store.IncidentsFromMs, nowMs - ResetsMs);
            long? resetsFromMs = toMs > memoryMs ? Math.Max(fromMs, memoryMs) : null;
            var snapshot = await Timeline.FollowAsync(
                new PageQuery(whole, url.IsLive ? end : null, AsOfMs: url.IsLive ? null : toMs) { Resets = resetsFromMs is { } since ? (since, toMs) : null }, ct);
            var last = url.IsLive ? snapshot.Headline! : (await Timeline.FollowAsync(new PageQuery(end, AsOfMs: toMs), ct)).Window!;
            var flushes = await Actions.RunBetweenAsync(fromMs, toMs, MaxFlushes, ct);
            var map = Cluster.Current;
            var silent = last.Nodes.Where(node => !node.Reports(nowMs)).Select(node => node.Node).Union(map.Nodes.Keys.Except(last.Nodes.Select(node => node.Node))).Order(StringComparer.Ordinal).ToList();
            bool isComplete = silent.Count == 0 && last.Nodes.Count > 0 && (url.IsLive || last.HasRecords());
            var rows = PodList.Of(new PodListFacts(map, last with { Terminations = snapshot.Window!.Terminations }, toMs, isComplete, snapshot.Resets, flushes));
            var notes = Notes(url, last, silent);
            await InvokeAsync(() =>
            {
                if (!ReferenceEquals(url, _url))
                    return;
                (_rows, _notes, _problem, _resetsFromMs, _isUnsure) = (rows, notes, null, resetsFromMs, !isComplete);
                _namespaces = [.. rows.Select(row => row.Namespace).Where(ns => ns.Length > 0).Distinct().Order(StringComparer.Ordinal)];
                _nodes = [.. rows.Select(row => row.Node).Where(node => node.Length > 0).Distinct().Order(StringComparer.Ordinal)];
                Select();
                StateHasChanged();
            });
        }
        catch (Exception e) when (e is DbException or IOException or InvalidDataException)
        {
            await InvokeAsync(() =>
            {
                _problem = $"The pods of this range cannot be read: {e.Message.TrimEnd('.')}. What is shown may be old. Check the disk space and the database file.";
                StateHasChanged();
            });
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private List<string> Notes(PodsUrl url, TimelineView last, List<string> silent)
    {
        var notes = new List<string>();
        if (!Cluster.IsReady)
            notes.Add("The cluster is not watched: pods without entries are missing, and names and states may be old.");
        if (last.Nodes.Count == 0)
            notes.Add("No collector reports: entries are not known.");
        else if (silent.Count > 0)
            notes.Add($"{DisplayText.Count(silent.Count, "node does", "nodes do")} not report ({TextSummary.List(silent, 3)}): entries of their clients are not known.");
        if (!url.IsLive && last.Nodes.Count > 0 && !last.HasRecords())
            notes.Add("No data is stored for the end of this range: entries are not known.");
        return notes;
    }

    private void Select()
    {
        _shown = _url.Sort.Apply((_rows ?? []).Where(row => PodList.Shows(_url, row)), Columns);
        _grid = _shown.ConvertAll(pod => new Row(pod));
        (_stale, _terminating, _terminated) = (_shown.Count(row => row.Stale > 0), _shown.Count(row => row.State == PodList.Terminating), _shown.Count(row => row.State == PodList.Terminated));
    }

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e) => _ = InvokeAsync(() =>
    {
        if (Nav.ToBaseRelativePath(e.Location).Split('?', '#')[0] != PodsUrl.Path[1..])
            return;
        var before = _url;
        _url = PodsUrl.Parse(e.Location);
        // The filters are applied here; another window needs an answer first.
        if ((before.Range, before.FromMs, before.ToMs) != (_url.Range, _url.FromMs, _url.ToMs))
            _rows = null;
        Select();
        _feed?.RefreshNow();
        StateHasChanged();
    });

    private void Filter(PodsUrl url) => Nav.NavigateTo(Nav.GetUriWithQueryParameters(Nav.Uri.Split('?')[0], url.ToQuery(Viewer.Local)), replace: true);

    // The timeline with the pod's panel open.
    private string Panel(PodListRow row)
    {
        var state = new LiveState(LiveState.Presets[1].Ms, null, row.End is null && row.Ip.Length > 0 ? row.Ip : null, row.End?.Uid, null, null, null, null, false, Viewer.Local);
        if (_url is { FromMs: { } from, ToMs: { } to })
            state = state.Between(from, to);
        return state.ToUrl();
    }

    private string Link(string href) => Viewer.Local ? $"{href}{(href.Contains('?', StringComparison.Ordinal) ? '&' : '?')}tz=local" : href;

    private static IEnumerable<string> WithChosen(string[] names, string? chosen) => chosen is null || names.Contains(chosen) ? names.Prepend("") : names.Prepend(chosen).Prepend("");

    private static string Count(int? count) => count?.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) ?? "unknown";

    private static string? Trimmed(string? text) => text?.Trim() is { Length: > 0 } trimmed ? trimmed : null;

    private static string NameOfAll(string? value) => value is { Length: > 0 } ? value : "all";

    private static string NameOfState(string? state) => state switch
    {
        "stale" => "with stale entries",
        "flushed" => "flushed in this range",
        "live" or "terminating" or "terminated" => state,
        _ => "all",
    };

    // The grid's key of a row is its item: equal by key, so that a pod that changed keeps its row, and the focus in it.
    private sealed record Row(PodListRow Pod)
    {
        public bool Equals(Row? other) => other?.Pod.Key == Pod.Key;

        public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Pod.Key);
    }

    public async ValueTask DisposeAsync()
    {
        Nav.LocationChanged -= OnLocationChanged;
        if (_feed is not null)
            await _feed.DisposeAsync();
    }
}
