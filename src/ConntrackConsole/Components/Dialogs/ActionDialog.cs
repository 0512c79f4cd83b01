using System.Data.Common;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.State;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>Base of the action dialogs: previews an action, confirms it or requests approval, and follows the result.</summary>
public abstract class ActionDialog : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private CancellationTokenSource _preview = new();
    private ActionFeed? _feed;
    private ITimer? _tick;
    private bool _focusDue = true;

    [Inject] private protected UserActions Actions { get; set; } = null!;

    [Inject] private protected CurrentUser CurrentUser { get; set; } = null!;

    [Inject] private protected ActionStore Store { get; set; } = null!;

    [Inject] private protected OutcomeMonitor OutcomeMonitor { get; set; } = null!;

    [Inject] private ISnackbar Snackbar { get; set; } = null!;

    [Inject] protected TimeProvider Clock { get; set; } = null!;

    [Inject] private protected Visibility Visibility { get; set; } = null!;

    [CascadingParameter] protected IMudDialogInstance? Dialog { get; set; }

    /// <summary>Gets the focus where Enter must not confirm a dangerous action.</summary>
    protected MudButton? CancelButton { get; set; }

    /// <summary>The current action; null before the first preview.</summary>
    private protected ActionRecord? Record { get; private set; }

    private protected OutcomeSample? Reading { get; private set; }

    /// <summary>Why the action service refused, or null.</summary>
    protected string? Refusal { get; private set; }

    /// <summary>Scopes with which the refused action is allowed.</summary>
    private protected IReadOnlyList<FlushScope> OfferedScopes { get; private set; } = [];

    /// <summary>A failure of the console itself, or null.</summary>
    protected string? Error { get; private set; }

    protected string Reason { get; set; } = "";

    protected string Typed { get; set; } = "";

    private protected Principal? Principal { get; private set; }

    /// <summary>A preview is being loaded from the nodes.</summary>
    protected bool IsLoading { get; private set; }

    /// <summary>The confirmation is being submitted.</summary>
    protected bool IsSubmitting { get; private set; }

    protected long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>The plan that can be confirmed, or null.</summary>
    private protected ActionPlan? Plan => Refusal is null && Error is null && !IsLoading && Record is { State: ActionState.Previewed } ? Record.Plan : null;

    protected bool IsExpired => Plan is not null && !IsSubmitting && NowMs >= Record!.ExpiresMs;

    protected bool IsWaiting => Record is { State: ActionState.Waiting };

    protected bool IsOver => Record is { HasRun: true } or { State: ActionState.Approved or ActionState.Cancelled or ActionState.Expired } && Confirmed;

    /// <summary>The user has confirmed: closing the dialog no longer cancels the action.</summary>
    protected bool Confirmed { get; private set; }

    protected bool CanConfirm => RendererInfo.IsInteractive && Plan is { } plan && !IsSubmitting && !IsExpired && Reason.Trim().Length > 0
        && (plan.Verdict.TypeToConfirm is not { } expected || Typed.Trim() == expected);

    protected bool MayBreakGlass => Principal?.Role.MayBreakGlass() == true;

    protected override async Task OnInitializedAsync()
    {
        var second = TimeSpan.FromSeconds(1);
        _tick = Clock.CreateTimer(_ => Wake(), null, second, second);
        Principal = await CurrentUser.PrincipalAsync(_end.Token);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The provider draws the dialog's content a moment later.
        if (!_focusDue || CancelButton is not { } button)
            return;
        _focusDue = false;
        await BrowserCalls.RunAsync(async () => await button.FocusAsync(), () => true);
    }

    /// <summary>Loads a new preview and cancels the previous one. The last request wins.</summary>
    private protected async Task RefreshAsync(ActionRequest request)
    {
        if (_end.IsCancellationRequested || (Confirmed && Error is null))
            return;
        DiscardPreview();
        var preview = RestartPreview();
        (IsLoading, Refusal, Error, Typed, Confirmed) = (true, null, null, "", false);
        try
        {
            var answer = await Actions.RequestAsync(request, preview.Token);
            if (preview.IsCancellationRequested)
            {
                _ = CancelQuietlyAsync(answer.Record);
                return;
            }

            (IsLoading, Record, Refusal, OfferedScopes) = (false, answer.Record, answer.Refusal?.Message, answer.Refusal?.Scopes ?? []);
        }
        catch (OperationCanceledException) when (preview.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            (IsLoading, Error) = (false, $"The preview failed: {e.Message}");
        }

        if (Plan is { } plan && Reason.Length == 0)
            Reason = plan.SuggestedReason;
        _focusDue |= Plan is not { Verdict.Decision: GuardDecision.Allow };
    }

    /// <summary>Discards the preview after the user changed an option.</summary>
    protected void ClearPreview()
    {
        if (_end.IsCancellationRequested)
            return;
        DiscardPreview();
        RestartPreview();
        (IsLoading, Record, Refusal, Error, Typed) = (false, null, null, null, "");
    }

    protected async Task ConfirmAsync()
    {
        if (!CanConfirm || Record is not { } record)
            return;
        (IsSubmitting, Confirmed) = (true, true);
        _feed ??= new ActionFeed(Store, OutcomeMonitor, Clock, Visibility, FollowAsync);
        try
        {
            var answer = await Actions.ConfirmAsync(record, Typed.Trim() is { Length: > 0 } typed ? typed : null, Reason.Trim());
            // A refused action is still a preview and is cancelled with the dialog.
            (Record, Refusal, Confirmed) = (answer.Record ?? record, answer.Refusal?.Message, answer.Refusal is null);
            if (Confirmed)
                Snackbar.Show($"{(IsWaiting ? "Approval" : "Action")} requested: {(Record.Plan.Request.Kind == ActionKind.Flush ? "flush of " : "")}{Record.Plan.Request.Target}. It is on the Actions page.");
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or DbException)
        {
            Error = $"The result is unknown: {e.Message} Check the Actions page before you retry.";
        }
        finally
        {
            (IsSubmitting, _focusDue) = (false, true);
        }
    }

    /// <summary>Cancels the request for approval.</summary>
    protected async Task CancelRequestAsync()
    {
        if (Record is not { } record)
            return;
        var answer = await Actions.CancelAsync(record.Id);
        (Record, Refusal) = (answer.Record ?? record, answer.Refusal?.Message);
    }

    protected void Close() => Dialog?.Close();

    private void Wake()
    {
        if (!Visibility.IsHidden)
            _ = InvokeAsync(Tick);
    }

    // Re-render each second only while a countdown is visible.
    private void Tick()
    {
        if (IsWaiting || IsExpired || (IsOver && Record?.Plan.Request.Kind == ActionKind.Setting))
            StateHasChanged();
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        try
        {
            if (Record is not { } followed || await Store.FindAsync(followed.Id, ct) is not { } record)
                return;
            await InvokeAsync(() =>
            {
                // The answer to the confirmation updates Record; until then the store may still return the older state.
                if (Record?.Id == record.Id && record.UpdatedMs >= Record.UpdatedMs)
                    Record = record;
                Reading = OutcomeMonitor.Current(record.Id) ?? record.Outcome;
                StateHasChanged();
            });
        }
        catch (DbException)
        {
            // Database busy or full: the next change retries.
        }
    }

    private CancellationTokenSource RestartPreview()
    {
        var next = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        Interlocked.Exchange(ref _preview, next).Cancel();
        return next;
    }

    // Cancel button, Escape, closed tab or changed options: each cancels the preview.
    private void DiscardPreview()
    {
        if (!Confirmed)
            _ = CancelQuietlyAsync(Record);
    }

    // If the cancellation cannot be stored, the preview expires on its own.
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
        DiscardPreview();
        await _end.CancelAsync();
        if (_tick is not null)
            await _tick.DisposeAsync();
        if (_feed is not null)
            await _feed.DisposeAsync();
        _preview.Dispose();
        _end.Dispose();
        GC.SuppressFinalize(this);
    }
}
