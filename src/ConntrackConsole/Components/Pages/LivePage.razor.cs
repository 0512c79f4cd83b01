using System.Data.Common;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Checks;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Findings;
using ConntrackConsole.Components.Controls.Pods;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Controls.Timeline.Notes;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using MudBlazor;

namespace ConntrackConsole.Components.Pages;

/// <summary>The live page. Its state is in the URL: every selection navigates, and every navigation reads a new snapshot.</summary>
public sealed partial class LivePage : ComponentBase, IAsyncDisposable
{
    // Text that changes faster than this is unreadable.
    private const long TextIntervalMs = 450;
    private const long HeadlineWindowMs = 60_000;
    private const int MaxHeadlinePods = 4;
    private const long StoredCacheTtlMs = 5_000;

    private static readonly TimeSpan LoadingDelay = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<(string Namespace, string Name)> _filterNames = [];
    private IReadOnlyList<(string Namespace, string Name)>? _viewNames;
    private LiveState _state = null!;
    private LiveFeed? _feed;
    private TimelineChart? _chart;
    private TimelineView? _view;
    private Headline? _headline;
    private WindowFindings? _explained;
    private FindingSummary? _findings;
    private ActionSpans? _actions;
    private ChartNotes _notes = ChartNotes.None;
    private List<TimelineRow> _tableRows = [];
    private PodDetail? _pod;
    private SortedSet<string> _filters = new(StringComparer.Ordinal);
    private string? _blocked;
    private string? _flushNote;
    private string? _loading;
    private string? _historyError;
    private IReadOnlyList<TerminationCause> _causes = [];
    private CancellationTokenSource _navigation = new();
    private volatile bool _isClosed;
    private CachedView? _cache;
    private bool _rangeOpen;
    private string _copyText = "Copy link";
    private string _announcement = "";
    private int _plotWidth = 900;
    private int _hiddenLanes;
    private int _newEvents;
    private long _renderedAtMs;
    private long _announcedAtMs;

    [Inject] private TimelineStore Store { get; set; } = null!;

    [Inject] private TimelineQueryService Timeline { get; set; } = null!;

    [Inject] private ILogger<LivePage> Log { get; set; } = null!;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private FindingMonitor Findings { get; set; } = null!;

    [Inject] private StoredFindings StoredFindings { get; set; } = null!;

    [Inject] private ActionStore Actions { get; set; } = null!;

    [Inject] private CheckScheduler Checks { get; set; } = null!;

    [Inject] private CurrentUser CurrentUser { get; set; } = null!;

    [Inject] private NavigationManager Nav { get; set; } = null!;

    [Inject] private Keyboard Keyboard { get; set; } = null!;

    [Inject] private Visibility Visibility { get; set; } = null!;

    [Inject] private Browser Browser { get; set; } = null!;

    [Inject] private IDialogService Dialogs { get; set; } = null!;

    [Inject] private ISnackbar Snackbar { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    /// <summary>The viewer's time zone.</summary>
    [CascadingParameter] public ViewerClock Viewer { get; set; } = ViewerClock.Utc;

    private long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    // An incident file has one window, and nothing of it is live.
    private (long FromMs, long ToMs)? FixedTo => CurrentUser.Opened is { } opened ? (opened.FromMs, opened.ToMs) : null;

    private string FilterValue => _state.Namespace is null ? "" : $"{_state.Namespace}/{_state.Service}";

    protected override void OnInitialized()
    {
        _state = LiveState.Parse(Nav.Uri, NowMs, FixedTo);
        Nav.LocationChanged += OnLocationChanged;
        Keyboard.Pressed += OnKeyAsync;
        _explained = new WindowFindings(Findings, StoredFindings, Clock);
        _actions = new ActionSpans(Actions);
        _feed = new LiveFeed(Store, Clock, Visibility, RefreshAsync);
    }

    // Runs outside the circuit's thread: a query over a long range must not block user input.
    private async Task RefreshAsync(CancellationToken ct)
    {
        try
        {
            var (state, width, nowMs) = (_state, _plotWidth, NowMs);
            // Fewer lanes on narrow screens: a phone shows the most relevant ones and a button for the rest.
            int laneCount = state.AllLanes ? 100 : width < 560 ? 3 : 8;
            var window = TimelineWindow.For(state.RangeMs, state.ToMs ?? nowMs, width);
            if (await SnapshotAsync(state, window, laneCount, nowMs, ct) is not { Window: { } view } snapshot)
                return;
            var principal = await CurrentUser.RecentAsync(ct);
            int newEvents = snapshot.Since is { } since ? NewEvents(since) : 0;
            var pod = PodSelection.Of(state.Pod, state.Uid, view, pod => snapshot.Pods[pod]);
            var explained = state.Live ? _explained!.Live : _explained!.Of(view.FromMs, view.ToMs, () => _feed?.RefreshNow(), _navigation.Token);
            var findings = explained is null ? null : FindingSummarizer.Of(explained, state.Namespace, state.Service, isStored: !state.Live);
            var notes = new ChartNotes(
                explained is null ? [] : FindingSpans.Of(explained, state.Namespace, state.Service, isStored: !state.Live), await _actions!.ReadAsync(view.FromMs, view.ToMs, ct),
                SettingSpans.Of(view.Settings));
            var shown = ViewBytes.Of(view, laneCount, state.Live, state.Rollout);
            await InvokeAsync(async () =>
            {
                if (!ReferenceEquals(state, _state))
                    return;
                _findings = findings;
                _notes = notes;
                _tableRows = state.IsTable ? TimelineRow.Of(view, notes, state.Lanes, (ip, uid) => (state with { Pod = ip.Length > 0 ? ip : null, Uid = uid }).ToUrl()) : [];
                var headline = Headline.From(snapshot.Headline ?? view, view, HeadlineContext.Of(state, Cluster, Checks.Current));
                if (state.Live && findings is { Cards: var cards })
                    headline = headline.Breaking([.. cards.Where(card => card.EndedMs is null).Select(card => (card.Service, card.SinceMs))]);
                Show(view, headline, pod, CurrentUser.DisabledReason(principal), Math.Max(0, view.Services.Count - laneCount), newEvents);
                // Not yet, or the table is shown.
                if (state.IsTable || _chart is null)
                    return;
                await _chart.NoteAsync(notes, ct);
                await _chart.DrawAsync(shown, ct);
            });
        }
        catch (Exception) when (_isClosed)
        {
            // The page is gone, for example because the session has ended: there is nothing to draw into.
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await DispatchExceptionAsync(e);
        }
    }

    // The backends only of the lanes that are drawn.
    private static TimelineQuery Query(LiveState state, TimelineWindow window, int lanes) =>
        new(window.FromMs, window.ToMs, window.Columns, state.Namespace, state.Service, state.Node, lanes) { OmitsSums = true, HasCounters = lanes > 0 };

    // Stored history is read less often than memory: columns of a long range change slowly or not at all.
    private async Task<PageSnapshot?> SnapshotAsync(LiveState state, TimelineWindow window, int lanes, long nowMs, CancellationToken ct)
    {
        var query = Query(state, window, lanes);
        bool stored = window.FromMs < Store.FromMs + window.StepMs;
        var cached = stored && _cache is { } last && last.State with { Pod = state.Pod, Uid = state.Uid, Rollout = state.Rollout, AllLanes = state.AllLanes, Lanes = state.Lanes, IsTable = state.IsTable, IsKiosk = state.IsKiosk, Local = state.Local } == state
            && last.Query.Columns == query.Columns && last.Query.Lanes == query.Lanes && Term(query, nowMs) == Term(query, last.AtMs) ? last : null;
        // The headline shows the current state, even for a past range.
        var headline = state.Live && state.RangeMs <= TimelineStore.HorizonMs ? null : Query(state, TimelineWindow.For(HeadlineWindowMs, nowMs, 60), 0);
        var since = state.ToMs is { } pausedMs && pausedMs < nowMs
            ? new TimelineQuery(Math.Max(pausedMs, nowMs - TimelineStore.HorizonMs), nowMs, 1, state.Namespace, state.Service, state.Node, 0) { OmitsSums = true } : null;
        string?[] pods = [state.Uid, state.Pod, cached?.View.Terminations.FirstOrDefault(end => end.Uid == state.Uid)?.PodIp];
        var page = new PageQuery(cached is null ? query : null, headline, since, [.. pods.OfType<string>().Where(pod => pod.Length > 0)], state.ToMs);
        var navigation = _navigation;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, navigation.Token);
        try
        {
            var reading = Timeline.FollowAsync(page, end.Token);
            if (!reading.IsCompleted && await Task.WhenAny(reading, Task.Delay(LoadingDelay, Clock, end.Token)) != reading)
                await ShowStatusAsync($"Reading {DisplayText.Duration(state.RangeMs)} of history…", _historyError);
            var snapshot = await reading;
            if (cached is not null)
                snapshot = snapshot with { Window = cached.View with { NowMs = nowMs } };
            else
                _cache = stored ? new CachedView(state, query, snapshot.Window!, nowMs) : null;
            if (_loading is not null || _historyError is not null)
                await ShowStatusAsync(null, null);
            return snapshot;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The user navigated meanwhile: the result is no longer needed.
            await ShowStatusAsync(null, null);
            _feed?.RefreshNow();
            return null;
        }
        catch (Exception e) when (e is DbException or IOException or InvalidDataException)
        {
            Log.LogError(e, "Stored history could not be read");
            await ShowStatusAsync(null, "The stored history of this range could not be read; the previous view is still shown. See the console's log.");
            return null;
        }
    }

    // Pages that show the same read it at the same moment, and share it; others at another one.
    private static long Term(TimelineQuery query, long atMs) =>
        (atMs + ((uint)(query with { FromMs = 0, ToMs = 0 }).GetHashCode() % StoredCacheTtlMs)) / StoredCacheTtlMs;

    private Task ShowStatusAsync(string? loading, string? error) => InvokeAsync(() =>
    {
        (_loading, _historyError) = (loading, error);
        StateHasChanged();
    });

    private sealed record CachedView(LiveState State, TimelineQuery Query, TimelineView View, long AtMs);

    private void Show(TimelineView view, Headline headline, PodDetail? pod, string? disabledReason, int hiddenLanes, int newEvents)
    {
        bool first = _view is null || (_pod is null) != (pod is null) || _pod?.Ip != pod?.Ip || _newEvents == 0 && newEvents > 0;
        (_view, _pod, _hiddenLanes, _newEvents) = (view, pod, hiddenLanes, newEvents);
        string alarm = headline.Alarm || headline.Unsure ? headline.Title : "";
        if (alarm != _announcement && NowMs - _announcedAtMs > 10_000)
            (_announcement, _announcedAtMs) = (alarm, NowMs);
        _headline = headline;
        _blocked = disabledReason ?? FlushBlock.Reason(Cluster, view.Nodes, view.NowMs);
        _flushNote = ObserveNote(view);
        if (view.Terminations.Select(span => span.Reported?.Cause ?? TerminationCause.Unknown).Distinct().Order().ToList() is var causes && !causes.SequenceEqual(_causes))
            _causes = causes;
        if (ServiceNames.Of(view) is var names && !ReferenceEquals(names, _viewNames))
        {
            _viewNames = names;
            _filterNames.UnionWith(names.Where(name => name.Name.Length > 0));
        }

        if (_filterNames.Count != _filters.Count)
            _filters = new SortedSet<string>(_filterNames.Select(service => $"{service.Namespace}/{service.Name}"), StringComparer.Ordinal);
        // The clock of an incident file does not run.
        if (!first && FixedTo is null && NowMs - _renderedAtMs < TextIntervalMs)
            return;
        _renderedAtMs = NowMs;
        StateHasChanged();
    }

    private static string? ObserveNote(TimelineView view)
    {
        var nodes = NodeOverview.Of(view).ObserveOnly;
        return nodes.Count == 0 ? null : $"Observe-only nodes keep their entries: {TextSummary.List(nodes, 3)}.";
    }

    // Of a window that is over, the rest of the page is of then.
    private string Heading => _headline is not { } headline ? "Live" : _state.Live || FixedTo is not null ? headline.Title : $"Now: {headline.Title}";

    private ChartSelection Selection => new(_state.Pod, _state.Uid, _state.Rollout);

    private Rollout? RolloutOf(PodDetail pod) => pod.Termination?.Reported?.RolloutId is { } id ? _view?.Rollouts.FirstOrDefault(rollout => rollout.Id == id) : null;

    private static int NewEvents(TimelineView since) =>
        since.Terminations.Count(span => span.DeletionRequestedMs > since.FromMs)
            + TimelineViewExtensions.Sum(since.Resets.UnNated) + TimelineViewExtensions.Sum(since.Resets.FromBackend) + TimelineViewExtensions.Sum(since.Resets.Other);

    // Back undoes a zoom, not each selection.
    private void Go(LiveState state) => Nav.NavigateTo(
        Nav.GetUriWithQueryParameters(Nav.Uri.Split('?')[0], state.ToQuery()), replace: (state.RangeMs, state.ToMs) == (_state.RangeMs, _state.ToMs));

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e) => _ = InvokeAsync(() =>
    {
        if (Nav.ToBaseRelativePath(e.Location).Split('?', '#')[0].Length > 0)
            return;
        _state = LiveState.Parse(e.Location, _state.ToMs ?? NowMs, FixedTo);
        // Cancel the query of the previous state.
        // Not on this thread: what waits for it would run here.
        _ = Interlocked.Exchange(ref _navigation, new CancellationTokenSource()).CancelAsync();
        _copyText = "Copy link";
        _newEvents = 0;
        _feed?.RefreshNow();
        StateHasChanged();
    });

    private void ToggleLive() => Go(_state.Live ? _state.Paused(NowMs) : _state.Resumed());

    private void ChooseRange((long FromMs, long ToMs) range) => Go(_state.Between(range.FromMs, range.ToMs));

    private void ShowRange((long FromMs, long ToMs) range)
    {
        _rangeOpen = false;
        ChooseRange(range);
    }

    private void Pan(int direction) => Move(_state.Window.Panned(direction, NowMs));

    private void ZoomOut() => Move(_state.Window.ZoomedOut(NowMs));

    private void Move(TimeWindow window)
    {
        if (window != _state.Window)
            Go(_state with { RangeMs = window.RangeMs, ToMs = window.ToMs });
    }

    private void ChooseWidth(int width)
    {
        _plotWidth = width;
        _feed?.RefreshNow();
    }

    private void ChooseService(string? name)
    {
        string[] parts = (name ?? "").Split('/');
        Go(_state with { Namespace = parts.Length == 2 ? parts[0] : null, Service = parts.Length == 2 ? parts[1] : null });
    }

    // Selecting a pod does not pause the live view.
    private void Pick((string Ip, string? Uid) pod) => Go(_state with { Pod = pod.Ip.Length > 0 ? pod.Ip : null, Uid = pod.Uid });

    private void OpenSpan(string href)
    {
        if (_notes.Has(href))
            Nav.NavigateTo(href);
    }

    private void ChooseLanes(string lanes) => Go(_state with { Lanes = new LaneChoice(lanes) });

    private void ExpandLane(string name) => Go(_state with { Lanes = _state.Lanes.Expanded(name) });

    private void PickRollout(string id) => Go(_state with { Rollout = _state.Rollout == id ? null : id });

    private void ClosePanel() => Go(_state with { Pod = null, Uid = null });

    private async Task CopyLinkAsync()
    {
        // The link is absolute: it shows the current view, not the one at the time it is opened.
        if (_state.Live)
            Go(_state.Paused(NowMs));
        _copyText = await Browser.CopyLinkAsync() ? Browser.LinkCopied : Browser.LinkNotCopied;
        Snackbar.Show(_copyText);
    }

    private Task OnKeyAsync(string key) => InvokeAsync(() =>
    {
        switch (key)
        {
            case "l":
                ToggleLive();
                break;
            case "[":
                Pan(-1);
                break;
            case "]":
                Pan(1);
                break;
            case "z":
                ZoomOut();
                break;
            case "Escape" when _state.HasPod:
                ClosePanel();
                break;
            case "Escape" when _state.Rollout is not null:
                Go(_state with { Rollout = null });
                break;
        }
    });

    private Task FlushPodAsync() => _pod is { Ip.Length: > 0 } pod ? FlushAsync(new FlushTarget(pod.Ip, null)) : Task.CompletedTask;

    private Task FlushAsync(FlushTarget flush) => Dialogs.ShowFlushAsync(flush.PodIp, flush.Scope);

    public async ValueTask DisposeAsync()
    {
        Nav.LocationChanged -= OnLocationChanged;
        Keyboard.Pressed -= OnKeyAsync;
        _isClosed = true;
        // Before the navigation: a refresh that a navigation cancels is begun again.
        if (_feed is not null)
            await _feed.DisposeAsync();
        _actions?.Dispose();
        await _navigation.CancelAsync();
    }
}
