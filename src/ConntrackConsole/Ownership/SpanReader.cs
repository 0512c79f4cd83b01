using System.Data.Common;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Storage;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>Reads spans ordered by end, open ones last: the order that the history requires.</summary>
internal sealed class SpanReader(BulkConnection rows)
{
    // Many rows repeat the same few names.
    private readonly Dictionary<string, string> _names = [];

    /// <summary>How far before a window the last owner of an address is searched.</summary>
    public const long LookbackMs = 86_400_000;

    /// <summary>
    /// The spans that overlap a window, and for each key the last one before it: a stale entry is named after the last owner of
    /// its address for as long as the entry exists.
    /// </summary>
    public List<T> Within<T>(string table, string columns, string key, Func<DbDataReader, SpanReader, T?> read, long fromMs, long toMs)
        where T : class =>
        [
            // With MAX(), SQLite takes the other columns from the row with the maximum.
            .. Read($"SELECT {columns}, MAX(ToMs) AS Last FROM {table} WHERE ToMs >= $a AND ToMs < $b GROUP BY {key} ORDER BY Last", read, fromMs - LookbackMs, fromMs),
            .. Read($"SELECT {columns} FROM {table} WHERE ToMs >= $a AND FromMs <= $b ORDER BY ToMs, FromMs", read, fromMs, toMs),
            .. Read($"SELECT {columns} FROM {table} WHERE ToMs IS NULL AND FromMs <= $b ORDER BY FromMs", read, fromMs, toMs),
        ];

    /// <summary>The open spans and the newest closed ones.</summary>
    /// <param name="isComplete">False if older ones were omitted.</param>
    public List<T> Newest<T>(string table, string columns, Func<DbDataReader, SpanReader, T?> read, int max, out bool isComplete)
        where T : class
    {
        var spans = Read($"SELECT {columns} FROM {table} WHERE ToMs IS NOT NULL ORDER BY ToMs DESC, FromMs DESC LIMIT $b", read, 0, max);
        isComplete = spans.Count < max;
        spans.Reverse();
        spans.AddRange(Read($"SELECT {columns} FROM {table} WHERE ToMs IS NULL ORDER BY FromMs", read, 0, 0));
        return spans;
    }

    public const string OwnerColumns = "Ip, PodUid, FullName, Node, FromMs, ToMs, State, Unseen";

    public static OwnerSpan? Owner(DbDataReader row, SpanReader reader) => !Ip.TryParse(row.GetString(0), out var ip) ? null
        : new OwnerSpan(ip, reader.Name(row, 1), reader.Name(row, 2), reader.Name(row, 3), row.GetInt64(4), Time(row, 5))
        {
            State = (OwnerState)row.GetByte(6), Unseen = (Unseen)row.GetByte(7),
        };

    public const string ServiceColumns = "Namespace, Name, Uid, Vips, Ports, FromMs, ToMs, Unseen";

    public static ServiceSpan Service(DbDataReader row, SpanReader reader) =>
        new(new ServiceKey(reader.Name(row, 0), reader.Name(row, 1)), row.GetString(2), SpanSerializer.ToVips(row.GetString(3)), SpanSerializer.ToPorts(row.GetString(4)),
            row.GetInt64(5), Time(row, 6))
        { Unseen = (Unseen)row.GetByte(7) };

    public const string EndpointColumns = "Namespace, Service, Ip, PodUid, Ready, Serving, Terminating, FromMs, ToMs, Unseen";

    public static EndpointSpan? SliceEndpoint(DbDataReader row, SpanReader reader) => !Ip.TryParse(row.GetString(2), out var ip) ? null
        : new EndpointSpan(
            new ServiceKey(reader.Name(row, 0), reader.Name(row, 1)), ip, row.IsDBNull(3) ? null : reader.Name(row, 3),
            row.GetBoolean(4), row.GetBoolean(5), row.GetBoolean(6), row.GetInt64(7), Time(row, 8))
        { Unseen = (Unseen)row.GetByte(9) };

    private List<T> Read<T>(string sql, Func<DbDataReader, SpanReader, T?> read, long fromMs, long toMs)
        where T : class
    {
        using var row = rows.Read(sql, fromMs, toMs);
        var spans = new List<T>();
        while (row.Read())
        {
            if (read(row, this) is { } span)
                spans.Add(span);
        }

        return spans;
    }

    private string Name(DbDataReader row, int column)
    {
        string text = row.GetString(column);
        return _names.TryGetValue(text, out string? known) ? known : _names[text] = text;
    }

    private static long? Time(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
}
