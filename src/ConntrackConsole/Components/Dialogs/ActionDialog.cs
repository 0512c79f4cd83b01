using System.Data.Common;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.State;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>What the dialogs do with the desk: show, confirm or hand to a second person, and follow what comes of it.</summary>
public abstract class ActionDialog : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private CancellationTokenSource _look = new();
    private ActionFeed? _feed;
    private ITimer? _beat;
    private bool _focusDue;

    [Inject] protected UserActions Actions { get; set; } = null!;

    [Inject] protected CurrentUser CurrentUser { get; set; } = null!;

    [Inject] protected ActionStore Store { get; set; } = null!;

    [Inject] protected OutcomeMonitor OutcomeMonitor { get; set; } = null!;

    [Inject] protected TimeProvider Clock { get; set; } = null!;

    [CascadingParameter] protected IMudDialogInstance? Dialog { get; set; }

    /// <summary>Where the focus goes where Enter must not be the dangerous key.</summary>
    protected ElementReference CancelButton { get; set; }

    /// <summary>The action as it is now; null before the desk has one.</summary>
    protected ActionRecord? Record { get; private set; }

    protected OutcomeSample? Reading { get; private set; }

    /// <summary>Why it is not done, or null.</summary>
    protected string? Refusal { get; private set; }

    /// <summary>What the console itself could not do, or null.</summary>
    protected string? Fault { get; private set; }

    protected string Reason { get; set; } = "";

    protected string Typed { get; set; } = "";

    protected Principal? Principal { get; private set; }

    /// <summary>The nodes are being asked.</summary>
    protected bool Looking { get; private set; }

    /// <summary>The orders are on their way.</summary>
    protected bool Working { get; private set; }

    protected long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What may be confirmed, or null.</summary>
    protected ActionPlan? Plan => Refusal is null && Fault is null && !Looking && Record is { State: ActionState.Previewed } ? Record.Plan : null;

    protected bool Expired => Plan is not null && !Working && NowMs >= Record!.ExpiresMs;

    protected bool Waits => Record is { State: ActionState.Waiting };

    protected bool IsOver => Record is { HasRun: true } or { State: ActionState.Approved or ActionState.Cancelled or ActionState.Expired } && Confirmed;

    /// <summary>Somebody has clicked: from now on the action is followed, not thrown away with the dialog.</summary>
    protected bool Confirmed { get; private set; }

    protected bool CanConfirm => RendererInfo.IsInteractive && Plan is { } plan && !Working && !Expired && Reason.Trim().Length > 0
        && (plan.Verdict.TypeToConfirm is not { } expected || Typed.Trim() == expected);

    protected bool MayBreakGlass => Principal?.Role.MayBreakGlass() == true;

    protected override async Task OnInitializedAsync()
    {
        var second = TimeSpan.FromSeconds(1);
        _beat = Clock.CreateTimer(_ => InvokeAsync(Tick), null, second, second);
        Principal = await CurrentUser.PrincipalAsync(_end.Token);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_focusDue)
            return;
        _focusDue = false;
        await CancelButton.FocusAsync();
    }

    /// <summary>Asks the nodes; what was shown before is taken back. The last question wins.</summary>
    protected async Task RefreshAsync(ActionRequest ask)
    {
        if (_end.IsCancellationRequested || (Confirmed && Fault is null))
            return;
        ThrowAway();
        var look = Renew();
        (Looking, Refusal, Fault, Typed, Confirmed) = (true, null, null, "", false);
        try
        {
            var answer = await Actions.RequestAsync(ask, look.Token);
            if (look.IsCancellationRequested)
            {
                _ = CancelQuietlyAsync(answer.Record);
                return;
            }

            (Looking, Record, Refusal) = (false, answer.Record, answer.Refusal?.Message);
        }
        catch (OperationCanceledException) when (look.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            (Looking, Fault) = (false, $"There is no preview: {e.Message}");
        }

        if (Plan is { } plan && Reason.Length == 0)
            Reason = plan.SuggestedReason;
        _focusDue = Plan is not { Verdict.Decision: GuardDecision.Allow };
    }

    /// <summary>Something was chosen anew: what is on the screen holds no longer.</summary>
    protected void Forget()
    {
        if (_end.IsCancellationRequested)
            return;
        ThrowAway();
        Renew();
        (Looking, Record, Refusal, Fault, Typed) = (false, null, null, null, "");
    }

    protected async Task ConfirmAsync()
    {
        if (!CanConfirm || Record is not { } record)
            return;
        (Working, Confirmed) = (true, true);
        _feed ??= new ActionFeed(Store, OutcomeMonitor, Clock, FollowAsync);
        try
        {
            var answer = await Actions.ConfirmAsync(record, Typed.Trim() is { Length: > 0 } typed ? typed : null, Reason.Trim());
            // Refused, it is a preview still and goes with the dialog.
            (Record, Refusal, Confirmed) = (answer.Record ?? record, answer.Refusal?.Message, answer.Refusal is null);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            Fault = $"Whether it was ordered is not known: {e.Message} Look at the actions page.";
        }
        finally
        {
            (Working, _focusDue) = (false, true);
        }
    }

    /// <summary>Takes back what waits for a second person.</summary>
    protected async Task CancelRequestAsync()
    {
        if (Record is not { } record)
            return;
        var answer = await Actions.CancelAsync(record.Id);
        (Record, Refusal) = (answer.Record ?? record, answer.Refusal?.Message);
    }

    protected void Close() => Dialog?.Close();

    // Only what counts down is drawn anew each second.
    private void Tick()
    {
        if (Waits || Expired || (IsOver && Record?.Plan.Request.Kind == ActionKind.Setting))
            StateHasChanged();
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        try
        {
            if (Record is not { } shown || await Store.FindAsync(shown.Id, ct) is not { } record)
                return;
            await InvokeAsync(() =>
            {
                // Its own answer comes by the click; between preview and answer the store may still tell the former state.
                if (Record?.Id == record.Id && record.UpdatedMs >= Record.UpdatedMs)
                    Record = record;
                Reading = OutcomeMonitor.Current(record.Id) ?? record.Outcome;
                StateHasChanged();
            });
        }
        catch (DbException)
        {
            // Busy or full: the next change looks again.
        }
    }

    private CancellationTokenSource Renew()
    {
        var fresh = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        Interlocked.Exchange(ref _look, fresh).Cancel();
        return fresh;
    }

    // Closed by button, Escape or a closed tab, or chosen anew: it is all the same "no".
    private void ThrowAway()
    {
        if (!Confirmed)
            _ = CancelQuietlyAsync(Record);
    }

    // If it cannot be written, the preview expires by itself.
    private async Task CancelQuietlyAsync(ActionRecord? record)
    {
        try
        {
            if (record is { State: ActionState.Previewed })
                await Actions.CancelAsync(record.Id);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            // As above.
        }
    }

    public async ValueTask DisposeAsync()
    {
        ThrowAway();
        await _end.CancelAsync();
        if (_beat is not null)
            await _beat.DisposeAsync();
        if (_feed is not null)
            await _feed.DisposeAsync();
        _look.Dispose();
        _end.Dispose();
        GC.SuppressFinalize(this);
    }
}
