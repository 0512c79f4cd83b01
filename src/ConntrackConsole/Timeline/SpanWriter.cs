using ConntrackConsole.Cluster;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Timeline;

/// <summary>Writes spans with prepared commands within a transaction: 300,000 come with the first list of a large cluster.</summary>
internal sealed class SpanWriter(SqliteConnection connection, SqliteTransaction transaction) : IDisposable
{
    // A span that ended is the open one with its key: of two of the same millisecond the other has an end already.
    private readonly SqliteCommand _endOwner = Prepared(connection, transaction,
        "UPDATE Owners SET ToMs = $0, Unseen = $1 WHERE Ip = $2 AND FromMs = $3 AND PodUid = $4 AND State = $5 AND ToMs IS NULL", 6);

    private readonly SqliteCommand _addOwner = Prepared(connection, transaction,
        "INSERT INTO Owners (ToMs, Unseen, Ip, FromMs, PodUid, State, FullName, Node) VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", 8);

    private readonly SqliteCommand _endService = Prepared(connection, transaction,
        "UPDATE ServiceSpans SET ToMs = $0, Unseen = $1 WHERE Namespace = $2 AND Name = $3 AND FromMs = $4 AND Uid = $5 AND ToMs IS NULL", 6);

    private readonly SqliteCommand _addService = Prepared(connection, transaction,
        "INSERT INTO ServiceSpans (ToMs, Unseen, Namespace, Name, FromMs, Uid, Vips, Ports) VALUES ($0, $1, $2, $3, $4, $5, $6, $7)", 8);

    private readonly SqliteCommand _endEndpoint = Prepared(connection, transaction,
        "UPDATE EndpointSpans SET ToMs = $0, Unseen = $1 WHERE Namespace = $2 AND Service = $3 AND Ip = $4 AND FromMs = $5 AND ToMs IS NULL", 6);

    private readonly SqliteCommand _addEndpoint = Prepared(connection, transaction,
        "INSERT INTO EndpointSpans (ToMs, Unseen, Namespace, Service, Ip, FromMs, PodUid, Ready, Serving, Terminating) "
        + "VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9)", 10);

    private readonly SqliteCommand _endUnaddressed = Prepared(connection, transaction, "DELETE FROM UnaddressedPods WHERE Uid = $0", 1);

    private readonly SqliteCommand _addUnaddressed = Prepared(connection, transaction,
        "INSERT OR REPLACE INTO UnaddressedPods (Uid, FullName, Node) VALUES ($0, $1, $2)", 3);

    public void Write(object span, bool isNew)
    {
        switch (span)
        {
            case OwnerSpan o when isNew:
                Run(_addOwner, o.ToMs, (int)o.Unseen, o.Ip.ToString(), o.FromMs, o.PodUid, (int)o.State, o.FullName, o.Node);
                break;
            case OwnerSpan o:
                Run(_endOwner, o.ToMs, (int)o.Unseen, o.Ip.ToString(), o.FromMs, o.PodUid, (int)o.State);
                break;
            case ServiceSpan s when isNew:
                Run(_addService, s.ToMs, (int)s.Unseen, s.Key.Namespace, s.Key.Name, s.FromMs, s.Uid, SpanText.Vips(s), SpanText.Ports(s));
                break;
            case ServiceSpan s:
                Run(_endService, s.ToMs, (int)s.Unseen, s.Key.Namespace, s.Key.Name, s.FromMs, s.Uid);
                break;
            case EndpointSpan e when isNew:
                Run(_addEndpoint, e.ToMs, (int)e.Unseen, e.Service.Namespace, e.Service.Name, e.Ip.ToString(), e.FromMs, e.PodUid, e.Ready, e.Serving, e.Terminating);
                break;
            case EndpointSpan e:
                Run(_endEndpoint, e.ToMs, (int)e.Unseen, e.Service.Namespace, e.Service.Name, e.Ip.ToString(), e.FromMs);
                break;
            case UnaddressedPod p when isNew:
                Run(_addUnaddressed, p.Uid, p.FullName, p.Node);
                break;
            case UnaddressedPod p:
                Run(_endUnaddressed, p.Uid);
                break;
        }
    }

    public void Dispose()
    {
        foreach (var command in (SqliteCommand[])[_endOwner, _addOwner, _endService, _addService, _endEndpoint, _addEndpoint, _endUnaddressed, _addUnaddressed])
            command.Dispose();
    }

    private static SqliteCommand Prepared(SqliteConnection connection, SqliteTransaction transaction, string sql, int parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        for (int i = 0; i < parameters; i++)
            command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
        return command;
    }

    private static void Run(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        command.ExecuteNonQuery();
    }
}
