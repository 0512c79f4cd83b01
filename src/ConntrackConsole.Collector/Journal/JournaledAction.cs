
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Journal;

/// <summary>An act as the journal has it: its begin line, and its end line once there is one.</summary>
internal sealed class JournaledAction(JournalLine begin)
{
    public JournalLine Begin { get; } = begin;

    public JournalLine? End { get; set; }

    /// <summary>The console has heard of it, by an answer or by a report.</summary>
    public bool IsReported { get; set; }

    /// <summary>The fate of the last attempt to set this change back, if there was one.</summary>
    public SettingOutcome? LastRevert { get; set; }

    public long Number => Begin.Number!.Value;

    public string ActionId => Begin.ActionId!;

    /// <summary>
    /// A change that may still be in force and that nobody has set back. Where the end is missing it may be: whoever settles it
    /// looks what is there.
    /// </summary>
    public bool IsOpenChange => Begin.Kind == JournalKind.Setting
        && LastRevert is not (SettingOutcome.Reverted or SettingOutcome.Drifted or SettingOutcome.Void)
        && End?.Setting is { } result
        && (result.Outcome is SettingOutcome.Written
            || (result.Outcome is SettingOutcome.Failed or SettingOutcome.Unsure && (result.Now is null || result.Now == Begin.Wanted)));

    public OpenChange Open() => new(
        ActionId, Begin.Target!, Begin.Before!, Begin.Wanted!, Begin.At.ToUnixTimeMilliseconds(), Begin.RevertAtMs!.Value);
}
