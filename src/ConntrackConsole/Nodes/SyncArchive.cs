using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Nodes;

/// <summary>Stores kube-proxy's syncs, so that a restart of the console in the middle of an incident loses none.</summary>
internal sealed partial class SyncArchive(IDbContextFactory<ConsoleDb> databases, SyncLog syncs, TimeProvider time, ILogger<SyncArchive> log)
    : PeriodicArchive(TimeSpan.FromSeconds(1), time)
{
    private const int BusySeconds = 30;

    internal static readonly AgedRows[] Aged =
    [
        new("DELETE FROM Syncs WHERE rowid IN (SELECT rowid FROM Syncs WHERE AtMs < $a AND NOT EXISTS (SELECT 1 FROM Pins WHERE AtMs BETWEEN FromMs AND ToMs) LIMIT 500)"),
    ];

    private readonly BulkConnection _rows = new(databases, BusySeconds);
    private long _lost;
    private bool _hasLost;

    public override Task LoadAsync(CancellationToken ct)
    {
        long sinceMs = Time.GetUtcNow().ToUnixTimeMilliseconds() - LiveWindow.HorizonMs;
        syncs.Restore(Read(sinceMs - (sinceMs % 1000)));
        return Task.CompletedTask;
    }

    public override Task SaveAsync(CancellationToken ct)
    {
        var changed = syncs.DrainDirty();
        try
        {
            Write(changed);
        }
        catch
        {
            syncs.Requeue(changed);
            if (syncs.Lost > _lost && !_hasLost)
                LogLost(SyncLog.MaxUnsaved);
            _hasLost = syncs.Lost > _lost;
            throw;
        }

        (_lost, _hasLost) = (syncs.Lost, false);
        return Task.CompletedTask;
    }

    public override void Dispose()
    {
        _rows.Dispose();
        base.Dispose();
    }

    // Millions in a large cluster: one by one, without entities.
    private IEnumerable<(string Node, RulesSync Sync)> Read(long sinceMs)
    {
        using var row = _rows.Read("SELECT Node, AtMs, CoversMs, SeenMs, SyncP99 FROM Syncs WHERE AtMs >= $a ORDER BY Node, AtMs", sinceMs);
        string node = "";
        while (row.Read())
        {
            if (row.GetString(0) is var name && name != node)
                node = name;
            yield return (node, new RulesSync(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetDouble(4)));
        }
    }

    // In a large cluster hundreds in a second.
    private void Write(List<(string Node, RulesSync Sync)> changed)
    {
        if (changed.Count == 0)
            return;
        using var transaction = _rows.Begin();
        var put = _rows.Statement(
            "INSERT INTO Syncs (Node, AtMs, CoversMs, SeenMs, SyncP99) VALUES (?, ?, ?, ?, ?) ON CONFLICT (Node, AtMs) DO UPDATE SET CoversMs = MAX(CoversMs, excluded.CoversMs)");
        foreach (var (node, sync) in changed)
            put.Bind(node).Bind(sync.AtMs).Bind(sync.CoversMs).Bind(sync.SeenMs).Bind(sync.P99).Execute();

        transaction.Commit();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Syncs could not be saved; will retry: {Reason}")]
    protected override partial void LogNotSaved(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "More than {Max} syncs of kube-proxy are not saved yet; the oldest are dropped. Later it will be unknown when the rules of the nodes followed these changes.")]
    private partial void LogLost(int max);
}
