using ConntrackConsole.Actions;
using ConntrackConsole.Components.Actions;

namespace ConntrackConsole.Tests.Components;

/// <summary>A desk whose answers the test writes, and that remembers what it was asked.</summary>
internal sealed class ScriptedDesk
{
    public Func<ActionAsk, ActionAnswer> OnAsk { get; set; } = _ => throw new InvalidOperationException("not scripted");

    public Func<ActionRecord, ActionAnswer> OnConfirm { get; set; } = record => ActionAnswer.Of(record with { State = ActionState.Completed, Sentence = "2 entries deleted." });

    public Func<ActionRecord, ActionAnswer> OnApprove { get; set; } = record => ActionAnswer.Of(record with { State = ActionState.Completed });

    public Func<string, ActionAnswer> OnRevert { get; set; } = _ => ActionAnswer.No(RefusalKind.Over, "No node has this change open any more.");

    public List<ActionAsk> Asked { get; } = [];

    public List<(string Digest, string? Typed, string Reason)> Confirmed { get; } = [];

    public List<(string Id, string Digest)> Approved { get; } = [];

    public List<string> Cancelled { get; } = [];

    public List<string> Reverted { get; } = [];

    public PersonalDesk Personal => new(
        (ask, _) =>
        {
            Asked.Add(ask);
            return Task.FromResult(OnAsk(ask));
        },
        (record, typed, reason) =>
        {
            Confirmed.Add((record.Plan.Digest, typed, reason));
            return Task.FromResult(OnConfirm(record with { Reason = reason }));
        },
        record =>
        {
            Approved.Add((record.Id, record.Plan.Digest));
            return Task.FromResult(OnApprove(record));
        },
        id =>
        {
            Cancelled.Add(id);
            return Task.FromResult(ActionAnswer.No(RefusalKind.Over, "Somebody was faster."));
        },
        (id, breakGlass) =>
        {
            Reverted.Add(breakGlass ? $"{id} with break-glass" : id);
            return Task.FromResult(OnRevert(id));
        });
}
