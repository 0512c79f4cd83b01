using System.Data.Common;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Pods;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using MudBlazor;

namespace ConntrackConsole.Components.Pages;

/// <summary>The live page. Its address is its state: every choice is a navigation, and every navigation a new snapshot of the store.</summary>
public sealed partial class LivePage : ComponentBase, IAsyncDisposable
{
    // The chart may draw ten times a second; text that changes faster than this cannot be read.
    private const long TextPaceMs = 500;
    private const long RecentMs = 60_000;
    private const long StoredPaceMs = 5_000;

    private static readonly TimeSpan LoadingAfter = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<string> _filterNames = [];
    private LiveState _state = null!;
    private LiveFeed? _feed;
    private TimelineChart? _chart;
    private TimelineView? _view;
    private Headline? _headline;
    private PodDetail? _pod;
    private SortedSet<string> _filters = new(StringComparer.Ordinal);
    private string? _blocked;
    private string? _flushNote;
    private string? _loading;
    private string? _pastFault;
    private IReadOnlyList<TerminationCause> _causes = [];
    private CancellationTokenSource _left = new();
    private Held? _held;
    private bool _rangeOpen;
    private string _copyWords = "Copy link";
    private string _spoken = "";
    private int _plotWidth = 900;
    private int _hiddenLanes;
    private int _newEvents;
    private long _textAtMs;
    private long _spokenAtMs;

    [Inject] private TimelineStore Store { get; set; } = null!;

    [Inject] private TimelineQueryService Past { get; set; } = null!;

    [Inject] private ILogger<LivePage> Log { get; set; } = null!;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private CurrentUser CurrentUser { get; set; } = null!;

    [Inject] private NavigationManager Nav { get; set; } = null!;

    [Inject] private Keyboard Keyboard { get; set; } = null!;

    [Inject] private Browser Browser { get; set; } = null!;

    [Inject] private IDialogService Dialogs { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    private long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private string FilterValue => _state.Namespace is null ? "" : $"{_state.Namespace}/{_state.Service}";

    protected override void OnInitialized()
    {
        _state = LiveState.Parse(Nav.Uri, NowMs);
        Nav.LocationChanged += OnLocationChanged;
        Keyboard.Pressed += OnKeyAsync;
        _feed = new LiveFeed(Store, Clock, LookAsync);
    }

    // Runs outside the circuit's thread: a query over a long range must not hold up the clicks.
    private async Task LookAsync(CancellationToken ct)
    {
        try
        {
            var (state, width, nowMs) = (_state, _plotWidth, NowMs);
            var window = TimelineWindow.For(state.RangeMs, state.ToMs ?? nowMs, width);
            if (await SnapshotAsync(state, window, nowMs, ct) is not { Window: { } view } snapshot)
                return;
            var principal = await CurrentUser.PrincipalAsync(ct);
            int newEvents = snapshot.Since is { } since ? NewEvents(since) : 0;
            var pod = PodSelection.Of(state.Pod, state.Uid, view, asked => snapshot.Pods[asked]);
            // Few lanes where there is little room: a phone shows what matters, and offers the rest.
            var lanes = view.Lanes(state.AllLanes ? 100 : width < 560 ? 3 : 8);
            byte[] bytes = ViewBytes.Write(view, lanes, state.Live, state.Rollout);
            await InvokeAsync(async () =>
            {
                if (!ReferenceEquals(state, _state))
                    return;
                Show(view, Headline.From(snapshot.Headline ?? view, view), pod, CurrentUser.Off(principal), view.Services.Count - lanes.Count, newEvents);
                if (_chart is not null)
                    await _chart.DrawAsync(bytes, ct);
            });
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private static TimelineQuery Query(LiveState state, TimelineWindow window) =>
        new(window.FromMs, window.ToMs, window.Columns, state.Namespace, state.Service, state.Node);

    // What is stored is read less often than memory: a column of a long range changes slowly, one of the past not at all.
    private async Task<PageSnapshot?> SnapshotAsync(LiveState state, TimelineWindow window, long nowMs, CancellationToken ct)
    {
        var query = Query(state, window);
        bool stored = window.FromMs < nowMs - TimelineStore.HorizonMs + window.StepMs;
        var held = stored && _held is { } last && last.State with { Pod = state.Pod, Uid = state.Uid, Rollout = state.Rollout, AllLanes = state.AllLanes, Local = state.Local } == state
            && last.Query.Columns == query.Columns && nowMs - last.AtMs < StoredPaceMs ? last : null;
        // The headline is about now, whatever is on the screen.
        var headline = state.Live && state.RangeMs <= TimelineStore.HorizonMs ? null : Query(state, TimelineWindow.For(RecentMs, nowMs, 60));
        var since = state.ToMs is { } pausedMs && pausedMs < nowMs
            ? new TimelineQuery(Math.Max(pausedMs, nowMs - TimelineStore.HorizonMs), nowMs, 1, state.Namespace, state.Service, state.Node) : null;
        string?[] pods = [state.Uid, state.Pod, held?.View.Terminations.FirstOrDefault(end => end.Uid == state.Uid)?.PodIp];
        var asking = new PageQuery(held is null ? query : null, headline, since, [.. pods.OfType<string>().Where(pod => pod.Length > 0)], state.ToMs);
        var left = _left;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, left.Token);
        try
        {
            var asked = Past.FollowAsync(asking, end.Token);
            if (!asked.IsCompleted && await Task.WhenAny(asked, Task.Delay(LoadingAfter, Clock, end.Token)) != asked)
                await TellAsync($"Reading {DisplayText.Duration(state.RangeMs)} of the past…", _pastFault);
            var snapshot = await asked;
            if (held is not null)
                snapshot = snapshot with { Window = held.View with { NowMs = nowMs } };
            else
                _held = stored ? new Held(state, query, snapshot.Window!, nowMs) : null;
            if (_loading is not null || _pastFault is not null)
                await TellAsync(null, null);
            return snapshot;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Something else was chosen meanwhile: nobody waits for this one.
            await TellAsync(null, null);
            _feed?.Wake();
            return null;
        }
        catch (Exception e) when (e is DbException or IOException or InvalidDataException)
        {
            Log.LogError(e, "The stored past could not be read");
            await TellAsync(null, "The stored past of this range could not be read; the picture is the one from before. The console's log says why.");
            return null;
        }
    }

    private Task TellAsync(string? loading, string? fault) => InvokeAsync(() =>
    {
        (_loading, _pastFault) = (loading, fault);
        StateHasChanged();
    });

    private sealed record Held(LiveState State, TimelineQuery Query, TimelineView View, long AtMs);

    private void Show(TimelineView view, Headline headline, PodDetail? pod, string? off, int hiddenLanes, int newEvents)
    {
        bool first = _view is null || (_pod is null) != (pod is null) || _pod?.Ip != pod?.Ip || _newEvents == 0 && newEvents > 0;
        (_view, _pod, _hiddenLanes, _newEvents) = (view, pod, hiddenLanes, newEvents);
        string alarm = headline.Alarm ? headline.Title : "";
        if (alarm != _spoken && NowMs - _spokenAtMs > 10_000)
            (_spoken, _spokenAtMs) = (alarm, NowMs);
        _headline = headline;
        _blocked = off ?? Blocked(view);
        _flushNote = ObserveNote(view);
        if (view.Terminations.Select(span => span.Told?.Cause ?? TerminationCause.Unknown).Distinct().Order().ToList() is var causes && !causes.SequenceEqual(_causes))
            _causes = causes;
        foreach (var lane in view.Services.Where(lane => lane.Name.Length > 0))
            _filterNames.Add($"{lane.Namespace}/{lane.Name}");
        if (_filterNames.Count != _filters.Count)
            _filters = new SortedSet<string>(_filterNames, StringComparer.Ordinal);
        if (!first && NowMs - _textAtMs < TextPaceMs)
            return;
        _textAtMs = NowMs;
        StateHasChanged();
    }

    /// <summary>While the live data are stale the button is off and says why. The guards decide again, and they decide for real.</summary>
    private string? Blocked(TimelineView view)
    {
        if (!Cluster.HasCluster)
            return "No cluster is configured: nobody can say who owns this address, so nothing can be flushed.";
        if (Cluster.Age > TimeSpan.FromSeconds(10))
            return "The picture of the cluster is old: nothing can be flushed until the Kubernetes watch is back.";
        var reporting = view.Nodes.Where(node => node.Reports(view.NowMs)).ToList();
        if (reporting.Count == 0)
            return "No collector is connected: there is nobody to flush anything.";
        return reporting.All(node => node.ObserveOnly())
            ? "Every node that reports is observe-only: its collector runs with --observe-only and refuses every command. The console cannot lift that; it is set on the node."
            : null;
    }

    private static string? ObserveNote(TimelineView view)
    {
        var nodes = view.Nodes.Where(node => node.ObserveOnly()).Select(node => node.Node).ToList();
        return nodes.Count == 0 ? null : $"Observe-only, so they keep their entries: {TextSummary.List(nodes, 3)}.";
    }

    private ChartChoice Choice => new(_state.Pod, _state.Uid, _state.Rollout);

    private Rollout? RolloutOf(PodDetail pod) => pod.Termination?.Told?.RolloutId is { } id ? _view?.Rollouts.FirstOrDefault(rollout => rollout.Id == id) : null;

    private static int NewEvents(TimelineView since) =>
        since.Terminations.Count(span => span.AskedMs > since.FromMs)
            + ViewReading.Sum(since.Resets.UnNated) + ViewReading.Sum(since.Resets.FromBackend) + ViewReading.Sum(since.Resets.Other);

    private void Go(LiveState state) => Nav.NavigateTo(Nav.GetUriWithQueryParameters(Nav.Uri.Split('?')[0], state.ToQuery()), replace: true);

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e) => _ = InvokeAsync(() =>
    {
        if (Nav.ToBaseRelativePath(e.Location).Split('?', '#')[0].Length > 0)
            return;
        _state = LiveState.Parse(e.Location, _state.ToMs ?? NowMs);
        // A slow look at what nobody asks for any more is given up.
        Interlocked.Exchange(ref _left, new CancellationTokenSource()).Cancel();
        _copyWords = "Copy link";
        _newEvents = 0;
        _feed?.Wake();
        StateHasChanged();
    });

    private void ToggleLive() => Go(_state.Live ? _state.Paused(NowMs) : _state.Resumed());

    private void ChooseRange((long FromMs, long ToMs) range) => Go(_state.Between(range.FromMs, range.ToMs));

    private void Pan(int direction)
    {
        long to = _state.ToMs ?? NowMs;
        long next = to + direction * _state.RangeMs / 2;
        // Panning past the present is live again.
        if (next >= NowMs)
        {
            if (!_state.Live)
                Go(_state.Resumed());
            return;
        }

        Go(_state.Between(next - _state.RangeMs, next));
    }

    private void ZoomOut()
    {
        if (_state.Live)
        {
            Go(_state with { RangeMs = LiveState.Presets.Select(preset => preset.Ms).FirstOrDefault(ms => ms > _state.RangeMs, _state.RangeMs) });
            return;
        }

        long to = Math.Min(NowMs, _state.ToMs!.Value + _state.RangeMs / 2);
        Go(_state.Between(to - _state.RangeMs * 2, to));
    }

    private void ChooseWidth(int width)
    {
        _plotWidth = width;
        _feed?.Wake();
    }

    private void ChooseService(ChangeEventArgs e)
    {
        string[] parts = (e.Value as string ?? "").Split('/');
        Go(_state with { Namespace = parts.Length == 2 ? parts[0] : null, Service = parts.Length == 2 ? parts[1] : null });
    }

    // Looking closely at one pod while everything moves is no use in a hurry: but the live view goes on, the panel too.
    private void Pick((string Ip, string? Uid) pod) => Go(_state with { Pod = pod.Ip.Length > 0 ? pod.Ip : null, Uid = pod.Uid });

    private void PickRollout(string id) => Go(_state with { Rollout = _state.Rollout == id ? null : id });

    private void ClosePanel() => Go(_state with { Pod = null, Uid = null });

    private async Task CopyLinkAsync()
    {
        // What was seen just now, not what will be seen when somebody opens it.
        if (_state.Live)
            Go(_state.Paused(NowMs));
        _copyWords = await Browser.CopyLinkAsync() ? "Link copied" : "Copy it from the address bar";
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

    private async Task FlushAsync()
    {
        if (_pod is not { Ip.Length: > 0 } pod)
            return;
        await Dialogs.ShowAsync<FlushDialog>($"Flush {pod.Ip}", new DialogParameters<FlushDialog> { { dialog => dialog.PodIp, pod.Ip } }, ActionDialogs.Options);
    }

    public async ValueTask DisposeAsync()
    {
        Nav.LocationChanged -= OnLocationChanged;
        Keyboard.Pressed -= OnKeyAsync;
        await _left.CancelAsync();
        if (_feed is not null)
            await _feed.DisposeAsync();
    }
}
