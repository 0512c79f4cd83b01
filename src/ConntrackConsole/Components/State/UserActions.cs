using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Identity;

namespace ConntrackConsole.Components.State;

/// <summary>The action service on behalf of the user of this circuit. A command that was sent is not cancelled when the page closes.</summary>
internal class UserActions(ActionService service, CurrentUser user)
{
    public virtual Task<ActionAnswer> RequestAsync(ActionRequest request, CancellationToken ct) =>
        AsUser(principal => service.RequestAsync(request, principal, ct));

    /// <param name="record">The action, confirmed with the digest of the plan that the user saw.</param>
    /// <param name="typed">The text of the typed confirmation, or null.</param>
    /// <param name="reason">The reason for the audit log.</param>
    public virtual Task<ActionAnswer> ConfirmAsync(ActionRecord record, string? typed, string reason) =>
        AsUser(principal => service.ConfirmAsync(record.Id, record.Plan.Digest, typed, reason, principal, CancellationToken.None));

    public virtual Task<ActionAnswer> ApproveAsync(ActionRecord record) =>
        AsUser(principal => service.ApproveAsync(record.Id, record.Plan.Digest, principal, CancellationToken.None));

    public virtual Task<ActionAnswer> CancelAsync(string id) =>
        AsUser(principal => service.CancelAsync(id, principal, CancellationToken.None));

    /// <param name="id">The change.</param>
    /// <param name="breakGlass">Also reverts where a node withholds it.</param>
    public virtual Task<ActionAnswer> RevertAsync(string id, bool breakGlass) =>
        AsUser(principal => service.RevertAsync(id, null, breakGlass, principal, CancellationToken.None));

    private async Task<ActionAnswer> AsUser(Func<Principal, Task<ActionAnswer>> step) =>
        await user.PrincipalAsync(CancellationToken.None) is { } principal ? await step(principal) : ActionAnswer.No(RefusalKind.Role, ActionReasons.SessionEnded, CurrentUser.SessionEnded);
}
