using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Components.State;

namespace ConntrackConsole.Tests.Components;

/// <summary>An action service with scripted answers that records its calls.</summary>
internal sealed class ScriptedActions() : UserActions(null!, null!)
{
    public Func<ActionRequest, ActionAnswer> OnRequest { get; set; } = _ => throw new InvalidOperationException("not scripted");

    public Func<ActionRecord, ActionAnswer> OnConfirm { get; set; } = record => ActionAnswer.Of(record with { State = ActionState.Completed, Message = "2 entries deleted." });

    public Func<ActionRecord, ActionAnswer> OnApprove { get; set; } = record => ActionAnswer.Of(record with { State = ActionState.Completed });

    public Func<string, ActionAnswer> OnRevert { get; set; } = _ => ActionAnswer.No(RefusalKind.Over, "action.no_open_change", "No node has this change open any more.");

    public List<ActionRequest> Requested { get; } = [];

    public List<(string Digest, string? Typed, string Reason)> Confirmed { get; } = [];

    public List<(string Id, string Digest)> Approved { get; } = [];

    public List<string> Cancelled { get; } = [];

    public List<string> Reverted { get; } = [];

    public override Task<ActionAnswer> RequestAsync(ActionRequest request, CancellationToken ct)
    {
        Requested.Add(request);
        return Task.FromResult(OnRequest(request));
    }

    public override Task<ActionAnswer> ConfirmAsync(ActionRecord record, string? typed, string reason)
    {
        Confirmed.Add((record.Plan.Digest, typed, reason));
        return Task.FromResult(OnConfirm(record with { Reason = reason }));
    }

    public override Task<ActionAnswer> ApproveAsync(ActionRecord record)
    {
        Approved.Add((record.Id, record.Plan.Digest));
        return Task.FromResult(OnApprove(record));
    }

    public override Task<ActionAnswer> CancelAsync(string id)
    {
        Cancelled.Add(id);
        return Task.FromResult(ActionAnswer.No(RefusalKind.Over, "action.conflict", "The action was changed by someone else."));
    }

    public override Task<ActionAnswer> RevertAsync(string id, bool breakGlass)
    {
        Reverted.Add(breakGlass ? $"{id} with break-glass" : id);
        return Task.FromResult(OnRevert(id));
    }
}
