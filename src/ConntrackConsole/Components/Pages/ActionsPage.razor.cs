using System.Data.Common;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using MudBlazor;

namespace ConntrackConsole.Components.Pages;

/// <summary>What was asked for, by whom, how far it has come, and what is open still.</summary>
public sealed partial class ActionsPage : ComponentBase
{
    private const int PageSize = 100;

    // A drift shows in the nodes' frames, not in the actions.
    private const int BoardEverySeconds = 3;

    private readonly CancellationTokenSource _end = new();
    private ActionsUrl _url = ActionsUrl.Everything;
    private ActionFeed? _feed;
    private ITimer? _beat;
    private Principal? _principal;
    private List<ActionRecord>? _records;
    private IReadOnlyList<ActionRecord> _rows = [];
    private IReadOnlyList<OpenSetting> _changes = [];
    private ActionRecord? _picked;
    private string? _lost, _problem, _busy;
    private (bool Good, string Message)? _answer, _revertAnswer;
    private string _spoken = "";
    private int _most = PageSize, _looked, _waiting, _beats;

    [Inject] private ActionStore Store { get; set; } = null!;

    [Inject] private OpenChanges Board { get; set; } = null!;

    [Inject] private OutcomeMonitor OutcomeMonitor { get; set; } = null!;

    [Inject] private UserActions Actions { get; set; } = null!;

    [Inject] private CurrentUser CurrentUser { get; set; } = null!;

    [Inject] private NavigationManager Nav { get; set; } = null!;

    [Inject] private Keyboard Keyboard { get; set; } = null!;

    [Inject] private IDialogService Dialogs { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    [CascadingParameter] public ViewerClock Viewer { get; set; } = ViewerClock.Utc;

    private long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private string? Off => CurrentUser.Off(_principal);

    private bool BreaksGlass => _principal?.Role.MayBreakGlass() == true;

    private string Headline => (_waiting, _changes.Where(c => c.Alarm is not null || c.Drifted).Select(c => c.ActionId).Distinct().Count()) switch
    {
        (0, 0) => "Actions",
        (0, var troubled) => $"{DisplayText.Count(troubled, "open change")} {(troubled == 1 ? "needs" : "need")} a person.",
        (var waiting, 0) => $"{DisplayText.Count(waiting, "action")} {(waiting == 1 ? "waits" : "wait")} for a second person.",
        var (waiting, troubled) => $"{DisplayText.Count(waiting, "action")} {(waiting == 1 ? "waits" : "wait")} for a second person; {DisplayText.Count(troubled, "open change")} {(troubled == 1 ? "needs" : "need")} a person.",
    };

    protected override async Task OnInitializedAsync()
    {
        _url = ActionsUrl.Parse(Nav.Uri);
        Nav.LocationChanged += OnLocationChanged;
        Keyboard.Pressed += OnKeyAsync;
        _principal = await CurrentUser.PrincipalAsync(_end.Token);
        _feed = new ActionFeed(Store, OutcomeMonitor, Clock, RefreshAsync);
        var second = TimeSpan.FromSeconds(1);
        _beat = Clock.CreateTimer(_ => InvokeAsync(Tick), null, second, second);
    }

    private async Task RefreshAsync(CancellationToken ct)
    {
        try
        {
            var (url, most) = (_url, _most);
            var principal = await CurrentUser.PrincipalAsync(ct);
            var records = await Store.ReadAsync(most, long.MaxValue, ct);
            var changes = await Board.ReadAsync(ct);
            var picked = url.Action is null ? null : records.Find(r => r.Id == url.Action) ?? await Store.FindAsync(url.Action, ct);
            await InvokeAsync(() => Show(url, principal, records, changes, picked));
        }
        catch (DbException e)
        {
            await InvokeAsync(() => Tell($"The database answers: {e.Message} Is its disk full, or its file taken away?"));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private void Show(ActionsUrl url, Principal? principal, List<ActionRecord> records, IReadOnlyList<OpenSetting> changes, ActionRecord? picked)
    {
        (_principal, _records, _changes, _problem) = (principal, records, changes, null);
        _waiting = records.Count(r => r.State == ActionState.Waiting);
        if (url == _url)
            (_picked, _lost) = (picked, picked is null ? url.Action : null);
        string spoken = _picked is { } now ? $"{now.Plan.Request.Target}: {ActionStates.Name(now.State)}" : "";
        if (spoken != _spoken)
            _spoken = spoken;
        Choose();
        StateHasChanged();
    }

    private void Tell(string problem)
    {
        _problem = problem;
        StateHasChanged();
    }

    private void Choose()
    {
        var matching = (_records ?? []).Where(_url.Shows).ToList();
        _looked = matching.Count(ActionStates.OnlyLookedAt);
        _rows = _url.Looked ? matching : [.. matching.Where(r => !ActionStates.OnlyLookedAt(r))];
    }

    // Only what counts down is drawn anew each second.
    private void Tick()
    {
        if (_changes.Count > 0 && ++_beats % BoardEverySeconds == 0)
            _feed?.Wake();
        if (_waiting > 0 || _changes.Count > 0 || _picked?.IsOpen == true)
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
            _answer = (false, $"What became of it is not known: {e.Message} Look at its state before you try again.");
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
            // What a node has withheld only break-glass sets back.
            var answer = await Actions.RevertAsync(id, BreaksGlass && _changes.Any(c => c.ActionId == id && c.Alarm is not null));
            _revertAnswer = answer.Refusal is { } refusal ? (false, refusal.Message) : (true, answer.Record?.Message ?? "");
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            _revertAnswer = (false, $"Whether it was set back is not known: {e.Message} The nodes do it by themselves at their time.");
        }
        finally
        {
            _answer = _revertAnswer;
            _busy = null;
            _feed?.Wake();
        }
    }

    private async Task ChangeSettingAsync() => await Dialogs.ShowAsync<SettingDialog>("Change a setting", ActionDialogs.Options);

    private void Older()
    {
        _most += PageSize;
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
            _picked = url.Action is null ? null : _records?.Find(r => r.Id == url.Action);
            _lost = null;
        }

        _url = url;
        Choose();
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

    private static string? Text(ChangeEventArgs e) => e.Value as string is { } text && text.Trim().Length > 0 ? text.Trim() : null;

    public async ValueTask DisposeAsync()
    {
        Nav.LocationChanged -= OnLocationChanged;
        Keyboard.Pressed -= OnKeyAsync;
        await _end.CancelAsync();
        if (_beat is not null)
            await _beat.DisposeAsync();
        if (_feed is not null)
            await _feed.DisposeAsync();
        _end.Dispose();
    }
}
