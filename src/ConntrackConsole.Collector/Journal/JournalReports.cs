using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Journal;

/// <summary>Builds the reports of a journal for the console.</summary>
internal static class JournalReports
{
    /// <summary>How long the result of a command may be in transit before the action is reported.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(6);

    private const int MaxEntries = 50;
    // As a string inside JSON it more than doubles in size, and the console accepts 2 MiB.
    private const int MaxDetails = 256 * 1024;

    /// <summary>The oldest unreported entries, up to the first action that has not ended; or null.</summary>
    public static JournalReport? Next(JournalState memory, DateTimeOffset now)
    {
        var entries = new List<JournalEntry>();
        int budget = MaxDetails;
        foreach (var act in memory.Actions)
        {
            if (memory.IsReported(act))
                continue;
            if (act.End is null || IsAnswerPending(act, now) || entries.Count == MaxEntries || (budget < MaxDetails / 2 && act.End.Deleted is not null))
                break;
            var entry = Entry(act, budget);
            budget -= entry.Details?.Length ?? 0;
            entries.Add(entry);
        }

        return entries.Count == 0 ? null : new JournalReport(memory.Id!, entries);
    }

    private static bool IsAnswerPending(JournaledAction act, DateTimeOffset now) =>
        act.Begin.Origin == JournalOrigin.Console && now - act.End!.At is var age && age >= TimeSpan.Zero && age < AnswerTimeout;

    public static JournalEntry Entry(JournaledAction act, int maxDetails = MaxDetails)
    {
        var begin = act.Begin;
        var (after, sentence, failed) = act.End switch
        {
            { Flush: { } flush } => Describe(flush),
            { Setting: { } setting } => Describe(setting),
            _ => (null, "It began and was interrupted; its effect is unknown.", true),
        };
        string? details = Details(act.End?.Deleted, maxDetails, out int included);
        if (act.End?.Deleted is { } deleted && included < deleted.Count)
            sentence += $" Only the first {included} of {deleted.Count} deleted entries are listed here; the rest is in the journal on the node.";
        return new JournalEntry(
            act.Number, begin.At.ToUnixTimeMilliseconds(), begin.Origin!.Value, act.ActionId, Name(begin.Kind!.Value), begin.Target!, begin.Who!,
            begin.Reason, begin.Before, after, sentence, details, failed, begin.ChangeId, act.End?.Setting?.Outcome,
            act.End is null ? NodeReasons.Interrupted : act.End.Flush?.Code ?? act.End.Setting?.Code);
    }

    public static string Name(JournalKind kind) => kind switch
    {
        JournalKind.Flush => "flush",
        JournalKind.Setting => "setting",
        _ => "revert",
    };

    private static (string? After, string Message, bool Failed) Describe(FlushResult flush)
    {
        string remain = flush.Remaining < 0 ? "the number of remaining entries is unknown" : Format($"{flush.Remaining} entries that it selects remain or are new");
        if (flush is { Unsure: true, Remaining: >= 0, RemainingIsScoped: false })
            remain = Format($"{flush.Remaining} entries now lead to the address (its preset and scope are not in the journal)");
        if (flush.Unsure)
            return (null, Format($"It was interrupted: how many of the {flush.Listed} listed entries were deleted is unknown; {remain}."), true);
        int notReached = flush.Listed - flush.Deleted - flush.AlreadyGone - flush.Alive - flush.Failed;
        string after = Format($"{flush.Deleted} deleted, {flush.AlreadyGone} already gone, {flush.Alive} alive and kept, {flush.Failed} failed")
            + (notReached > 0 ? Format($", {notReached} not reached") : "");
        return (after, $"Of {flush.Listed} listed entries: {after}; {remain}." + string.Concat(flush.Errors.Select(error => " " + error)),
            flush.Failed > 0 || notReached > 0);
    }

    private static (string? After, string Message, bool Failed) Describe(SettingResult setting) => (
        setting.Now,
        setting.Message ?? (setting.Outcome == SettingOutcome.Reverted ? "Reverted to the previous value." : "Written and verified."),
        setting.Outcome is not (SettingOutcome.Written or SettingOutcome.Already or SettingOutcome.Reverted));

    private static string? Details(IReadOnlyList<FlowEntry>? deleted, int maxLength, out int included)
    {
        included = 0;
        if (deleted is not { Count: > 0 })
            return null;
        included = deleted.Count;
        while (true)
        {
            string text = JsonSerializer.Serialize([.. deleted.Take(included)], WireJson.Default.FlowEntryArray);
            if (text.Length <= maxLength || included == 1)
                return text;
            included = Math.Max(1, (int)((long)included * maxLength / text.Length) - 1);
        }
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
