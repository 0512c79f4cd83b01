using System.Data.Common;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using MudBlazor;

namespace ConntrackConsole.Components.Pages;

/// <summary>Lists actions with requester and state, and open setting changes.</summary>
public sealed partial class ActionsPage : ComponentBase
{
    private const int PageSize = 100;

    // Drift is detected in the frames of the nodes, which do not signal the feed.
    private const int ChangesIntervalSeconds = 3;

    private readonly CancellationTokenSource _end = new();
    private ActionsUrl _url = ActionsUrl.Everything;
    private ActionFeed? _feed;
    private ITimer? _timer;
    private Principal? _caller;
    private List<ActionRecord>? _records;
    private IReadOnlyList<ActionRecord> _rows = [];
    private IReadOnlyList<OpenSetting> _changes = [];
    private ActionRecord? _selected;
    private string? _missingId, _problem, _busy;
    private (bool Good, string Message)? _answer, _revertAnswer;
    private string _announcement = "";
    private int _limit = PageSize, _unconfirmed, _waiting, _ticks;

    [Inject] private ActionStore Store { get; set; } = null!;

    [Inject] private OpenChanges OpenChanges { get; set; } = null!;

    [Inject] private OutcomeMonitor OutcomeMonitor { get; set; } = null!;

    [Inject] private UserActions Actions { get; set; } = null!;

    [Inject] private CurrentUser CurrentUser { get; set; } = null!;

    [Inject] private NavigationManager Nav { get; set; } = null!;

    [Inject] private Keyboard Keyboard { get; set; } = null!;

    [Inject] private Visibility Visibility { get; set; } = null!;

    [Inject] private IDialogService Dialogs { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    [CascadingParameter] public ViewerClock Viewer { get; set; } = ViewerClock.Utc;

    private long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private string? DisabledReason => CurrentUser.DisabledReason(_caller);

    private bool CanBreakGlass => _caller?.Role.MayBreakGlass() == true;

    private string Headline => (_waiting, _changes.Where(c => c.Alarm is not null || c.Drifted).Select(c => c.ActionId).Distinct().Count()) switch
    {
        (0, 0) => "Actions",
        (0, var troubled) => $"{DisplayText.Count(troubled, "open change")} {(troubled == 1 ? "requires" : "require")} attention.",
        (var waiting, 0) => $"{DisplayText.Count(waiting, "action")} {(waiting == 1 ? "waits" : "wait")} for approval.",
        var (waiting, troubled) => $"{DisplayText.Count(waiting, "action")} {(waiting == 1 ? "waits" : "wait")} for approval; {DisplayText.Count(troubled, "open change")} {(troubled == 1 ? "requires" : "require")} attention.",
    };

    protected override async Task OnInitializedAsync()
    {
        _url = ActionsUrl.Parse(Nav.Uri);
        Nav.LocationChanged += OnLocationChanged;
        Keyboard.Pressed += OnKeyAsync;
        _caller = await CurrentUser.PrincipalAsync(_end.Token);
        _feed = new ActionFeed(Store, OutcomeMonitor, Clock, Visibility, RefreshAsync);
        var second = TimeSpan.FromSeconds(1);
        _timer = Clock.CreateTimer(_ => Wake(), null, second, second);
    }

    private async Task RefreshAsync(CancellationToken ct)
    {
        try
        {
            var (url, limit) = (_url, _limit);
            var caller = await CurrentUser.PrincipalAsync(ct);
            var records = await Store.ReadAsync(limit, long.MaxValue, ct);
            var changes = await OpenChanges.ReadAsync(ct);
            var selected = url.Action is null ? null : records.Find(r => r.Id == url.Action) ?? await Store.FindAsync(url.Action, ct);
            await InvokeAsync(() => Show(url, caller, records, changes, selected));
        }
        catch (DbException e)
        {
            await InvokeAsync(() => ShowProblem($"Database error: {e.Message} Check the disk space and the database file."));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private void Show(ActionsUrl url, Principal? caller, List<ActionRecord> records, IReadOnlyList<OpenSetting> changes, ActionRecord? selected)
    {
        (_caller, _records, _changes, _problem) = (caller, records, changes, null);
        _waiting = records.Count(r => r.State == ActionState.Waiting);
        if (url == _url)
            (_selected, _missingId) = (selected, selected is null ? url.Action : null);
        string announcement = _selected is { } now ? $"{now.Plan.Request.Target}: {ActionStates.Name(now.State)}" : "";
        if (announcement != _announcement)
            _announcement = announcement;
        ApplyFilters();
        StateHasChanged();
    }

    private void ShowProblem(string problem)
    {
        _problem = problem;
        StateHasChanged();
    }

    private void ApplyFilters()
    {
        var matching = (_records ?? []).Where(_url.Shows).ToList();
        _unconfirmed = matching.Count(ActionStates.IsUnconfirmedPreview);
        _rows = _url.IncludePreviews ? matching : [.. matching.Where(r => !ActionStates.IsUnconfirmedPreview(r))];
    }

    // Re-render each second only while a countdown is visible.
    private void Wake()
    {
        if (!Visibility.IsHidden)
            _ = InvokeAsync(Tick);
    }

    private void Tick()
    {
        if (_changes.Count > 0 && ++_ticks % ChangesIntervalSeconds == 0)
            _feed?.Wake();
        if (_waiting > 0 || _changes.Count > 0 || _selected?.IsOpen == true)
            StateHasChanged();
    }

    private async Task DecideAsync(ActionRecord record, Task<ActionAnswer> step)
    {
        (_busy, _answer) = (record.Id, null);
        try
        {
            var answer = await step;
            _answer = answer.Refusal is { } refusal ? (false, refusal.Message) : null;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            _answer = (false, $"The result is unknown: {e.Message} Check the state before you retry.");
        }
        finally
        {
            _busy = null;
            _feed?.Wake();
        }
    }

    private async Task RevertAsync(string id)
    {
        (_busy, _revertAnswer) = (id, null);
        try
        {
            // Only break-glass forces a revert that a node has withheld.
            var answer = await Actions.RevertAsync(id, CanBreakGlass && _changes.Any(c => c.ActionId == id && c.Alarm is not null));
            _revertAnswer = answer.Refusal is { } refusal ? (false, refusal.Message) : (true, answer.Record?.Message ?? "");
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            _revertAnswer = (false, $"The result is unknown: {e.Message} The nodes revert the change automatically when it expires.");
        }
        finally
        {
            _answer = _revertAnswer;
            _busy = null;
            _feed?.Wake();
        }
    }

    private async Task ChangeSettingAsync() => await Dialogs.ShowAsync<SettingDialog>("Change a setting", ActionDialogs.Options);

    private void ShowOlder()
    {
        _limit += PageSize;
        _feed?.Wake();
    }

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e) => _ = InvokeAsync(() =>
    {
        if (!Nav.ToBaseRelativePath(e.Location).StartsWith("actions", StringComparison.Ordinal))
            return;
        var url = ActionsUrl.Parse(e.Location);
        if (url.Action != _url.Action)
        {
            _answer = null;
            _selected = url.Action is null ? null : _records?.Find(r => r.Id == url.Action);
            _missingId = null;
        }

        _url = url;
        ApplyFilters();
        _feed?.Wake();
        StateHasChanged();
    });

    private Task OnKeyAsync(string key)
    {
        if (key == "Escape" && _url.Action is not null)
            Filter(_url with { Action = null });
        return Task.CompletedTask;
    }

    private void Filter(ActionsUrl url) =>
        Nav.NavigateTo(Nav.GetUriWithQueryParameters(Nav.Uri.Split('?')[0], url.ToQuery(Viewer.Local)), replace: true);

    private static string? Trimmed(string? text) => text?.Trim() is { Length: > 0 } trimmed ? trimmed : null;

    private static string NameOfState(string? id) => ActionStates.Groups.FirstOrDefault(group => group.Id == id).Name ?? "all";

    private static string NameOfKind(string? kind) => kind switch { "flush" => "flushes", "setting" => "settings", _ => "both" };

    public async ValueTask DisposeAsync()
    {
        Nav.LocationChanged -= OnLocationChanged;
        Keyboard.Pressed -= OnKeyAsync;
        await _end.CancelAsync();
        if (_timer is not null)
            await _timer.DisposeAsync();
        if (_feed is not null)
            await _feed.DisposeAsync();
        _end.Dispose();
    }
}
