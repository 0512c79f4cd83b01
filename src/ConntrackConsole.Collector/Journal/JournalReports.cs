using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Journal;

/// <summary>What of a journal the console is told, and in which words.</summary>
internal static class JournalReports
{
    /// <summary>An answer to an order is on its way for so long before the act is reported.</summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(6);

    private const int MaxEntries = 50;
    // As a text within JSON it grows to more than twice its size, and the console takes 2 MiB.
    private const int MaxDetails = 256 * 1024;

    /// <summary>The oldest that are not told, up to the first that has not ended; null where there are none.</summary>
    public static JournalReport? Next(JournalState memory, DateTimeOffset now)
    {
        var entries = new List<JournalEntry>();
        int room = MaxDetails;
        foreach (var act in memory.Acts)
        {
            if (memory.IsToldOf(act))
                continue;
            if (act.End is null || IsOnItsWay(act, now) || entries.Count == MaxEntries || (room < MaxDetails / 2 && act.End.Deleted is not null))
                break;
            var entry = Entry(act, room);
            room -= entry.Details?.Length ?? 0;
            entries.Add(entry);
        }

        return entries.Count == 0 ? null : new JournalReport(memory.Id!, entries);
    }

    private static bool IsOnItsWay(JournaledAction act, DateTimeOffset now) =>
        act.Begin.Origin == JournalOrigin.Console && now - act.End!.At is var age && age >= TimeSpan.Zero && age < AnswerTime;

    public static JournalEntry Entry(JournaledAction act, int mostDetails = MaxDetails)
    {
        var begin = act.Begin;
        var (after, sentence, failed) = act.End switch
        {
            { Flush: { } flush } => Words(flush),
            { Setting: { } setting } => Words(setting),
            _ => (null, "It began and was cut off; what it did is not known.", true),
        };
        string? details = Details(act.End?.Deleted, mostDetails, out int told);
        if (act.End?.Deleted is { } deleted && told < deleted.Count)
            sentence += $" The first {told} of {deleted.Count} deleted entries are listed here; the rest is in the journal on the node.";
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

    private static (string? After, string Message, bool Failed) Words(FlushResult flush)
    {
        string remain = flush.Remaining < 0 ? "how many remain is not known" : Format($"{flush.Remaining} lead to the address now");
        if (flush.Unsure)
            return (null, Format($"It was cut off: how many of the {flush.Listed} listed entries were deleted is not known, {remain}."), true);
        int notReached = flush.Listed - flush.Deleted - flush.AlreadyGone - flush.Alive - flush.Failed;
        string after = Format($"{flush.Deleted} deleted, {flush.AlreadyGone} already gone, {flush.Alive} alive and left, {flush.Failed} failed")
            + (notReached > 0 ? Format($", {notReached} not reached") : "");
        return (after, $"Of {flush.Listed} listed entries: {after}; {remain}." + string.Concat(flush.Errors.Select(error => " " + error)),
            flush.Failed > 0 || notReached > 0);
    }

    private static (string? After, string Message, bool Failed) Words(SettingResult setting) => (
        setting.Now,
        setting.Message ?? (setting.Outcome == SettingOutcome.Reverted ? "The old value is back." : "Written and read back."),
        setting.Outcome is not (SettingOutcome.Written or SettingOutcome.Already or SettingOutcome.Reverted));

    private static string? Details(IReadOnlyList<FlowEntry>? deleted, int most, out int told)
    {
        told = 0;
        if (deleted is not { Count: > 0 })
            return null;
        told = deleted.Count;
        while (true)
        {
            string text = JsonSerializer.Serialize([.. deleted.Take(told)], WireJson.Default.FlowEntryArray);
            if (text.Length <= most || told == 1)
                return text;
            told = Math.Max(1, (int)((long)told * most / text.Length) - 1);
        }
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
