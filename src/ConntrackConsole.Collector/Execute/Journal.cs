using System.Text;
using System.Text.Json;

namespace ConntrackConsole.Collector.Execute;

/// <summary>
/// What this node did to its own table, a JSON line each, on disk before the act and again after it. A begin without an end
/// is an act whose outcome nobody knows.
/// </summary>
internal sealed class Journal
{
    private readonly string? _path;
    private readonly Lock _lock = new();

    public Journal(string? stateDirectory)
    {
        if (stateDirectory is null)
            return;
        Directory.CreateDirectory(stateDirectory);
        _path = Path.Combine(stateDirectory, "journal.jsonl");
    }

    public void Write(JournalLine line) => Write(JsonSerializer.Serialize(line, CollectorJson.Default.JournalLine));

    public void Write(SettingLine line) => Write(JsonSerializer.Serialize(line, CollectorJson.Default.SettingLine));

    private void Write(string line)
    {
        if (_path is null)
            return;
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        lock (_lock)
        {
            using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read);
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }
    }
}

/// <param name="Phase">begin or end.</param>
internal sealed record JournalLine(
    DateTimeOffset At, string Phase, string ActionId, string PodIp, string? Reason, int Listed,
    int? Deleted = null, int? AlreadyGone = null, int? Alive = null, int? Failed = null, int? Remaining = null);
