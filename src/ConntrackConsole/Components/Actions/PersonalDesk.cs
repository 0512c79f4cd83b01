using ConntrackConsole.Actions;
using ConntrackConsole.Components.Shared;
using ConntrackConsole.Identity;

namespace ConntrackConsole.Components.Actions;

/// <summary>What the pages ask of the desk for who sits at this circuit. What was ordered is not cancelled with the page.</summary>
/// <param name="Confirm">With what was typed, or null, and the reason.</param>
/// <param name="Revert">Also, for who may, what a node has withheld.</param>
public sealed record PersonalDesk(
    Func<ActionAsk, CancellationToken, Task<ActionAnswer>> Ask,
    Func<ActionRecord, string?, string, Task<ActionAnswer>> Confirm,
    Func<ActionRecord, Task<ActionAnswer>> Approve,
    Func<string, Task<ActionAnswer>> Cancel,
    Func<string, bool, Task<ActionAnswer>> Revert)
{
    public static PersonalDesk Of(ActionDesk desk, Acting acting)
    {
        return new PersonalDesk(
            (ask, ct) => As(caller => desk.AskAsync(ask, caller, ct)),
            (record, typed, reason) => As(caller => desk.ConfirmAsync(record.Id, record.Plan.Digest, typed, reason, caller, CancellationToken.None)),
            record => As(caller => desk.ApproveAsync(record.Id, record.Plan.Digest, caller, CancellationToken.None)),
            id => As(caller => desk.CancelAsync(id, caller, CancellationToken.None)),
            (id, breakGlass) => As(caller => desk.RevertAsync(id, null, breakGlass, caller, CancellationToken.None)));

        async Task<ActionAnswer> As(Func<Caller, Task<ActionAnswer>> step) =>
            await acting.CallerAsync(CancellationToken.None) is { } caller ? await step(caller) : ActionAnswer.No(RefusalKind.Role, Acting.SessionEnded);
    }
}
