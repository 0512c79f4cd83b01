using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Journal;

/// <summary>An action in the journal: its begin line, and its end line once it has one.</summary>
internal sealed class JournaledAction(JournalLine begin)
{
    public JournalLine Begin { get; } = begin;

    public JournalLine? End { get; set; }

    /// <summary>The console has its result, from the command or from a report.</summary>
    public bool IsReported { get; set; }

    /// <summary>Outcome of the last attempt to revert this change, or null.</summary>
    public SettingOutcome? LastRevert { get; set; }

    public long Number => Begin.Number!.Value;

    public string ActionId => Begin.ActionId!;

    /// <summary>
    /// A change that may still be in force and is not reverted. Without an end line it is not open until the interrupted action
    /// is resolved.
    /// </summary>
    public bool IsOpenChange => Begin.Kind == JournalKind.Setting
        && LastRevert is not (SettingOutcome.Reverted or SettingOutcome.Drifted or SettingOutcome.Void)
        && End?.Setting is { } result
        && (result.Outcome is SettingOutcome.Written
            || (result.Outcome is SettingOutcome.Failed or SettingOutcome.Unsure && (result.Now is null || result.Now == Begin.Wanted)));

    public OpenChange Open() => new(
        ActionId, Begin.Target!, Begin.Before!, Begin.Wanted!, Begin.At.ToUnixTimeMilliseconds(), Begin.RevertAtMs!.Value);
}
