using System.Buffers.Binary;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Bench;

/// <summary>
/// What the database costs by table and index, in whole pages, and by kind of block. The SQLite library of the console has no
/// dbstat table, so the pages of each B-tree are counted here (https://www.sqlite.org/fileformat2.html).
/// </summary>
internal static class StoredBytes
{
    public static void Print(Report report, string file, double nodeMinutes, string what)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        _ = Rows(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        using var pages = new Pages(file);
        double all = 0;
        foreach (var (name, root) in Rows(connection, "SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0 AND name NOT LIKE 'sqlite%'"))
        {
            double bytes = pages.Count((uint)root) * (double)pages.Size / nodeMinutes;
            all += bytes;
            if (bytes >= 5)
                report.Info($"{what}: {name}", bytes, "B", "a node-minute");
        }

        foreach (var (name, bytes) in Rows(connection, "SELECT Kind || ' at ' || Step || ' s', SUM(LENGTH(Bytes)) FROM Blocks GROUP BY Kind, Step"))
            report.Info($"{what}: blocks of kind {name}", bytes / nodeMinutes, "B", "a node-minute, without the pages around them");
        report.Info($"{what}: all tables", all, "B", "a node-minute");
    }

    private static List<(string Name, long Value)> Rows(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var row = command.ExecuteReader();
        var rows = new List<(string, long)>();
        while (row.Read())
            rows.Add((row.GetValue(0).ToString()!, row.GetInt64(1)));
        return rows;
    }

    private sealed class Pages(string file) : IDisposable
    {
        private readonly FileStream _file = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

        public int Size { get; } = PageSize(file);

        public void Dispose() => _file.Dispose();

        public long Count(uint root)
        {
            byte[] page = new byte[Size];
            _file.Position = (root - 1) * (long)Size;
            _file.ReadExactly(page);
            int head = root == 1 ? 100 : 0;
            byte type = page[head];
            bool isInterior = type is 2 or 5, isTable = type is 5 or 13;
            int cells = BinaryPrimitives.ReadUInt16BigEndian(page.AsSpan(head + 3));
            long count = 1 + (isInterior ? Count(BinaryPrimitives.ReadUInt32BigEndian(page.AsSpan(head + 8))) : 0);
            for (int i = 0; i < cells; i++)
            {
                int at = BinaryPrimitives.ReadUInt16BigEndian(page.AsSpan(head + (isInterior ? 12 : 8) + (2 * i)));
                if (isInterior)
                    count += Count(BinaryPrimitives.ReadUInt32BigEndian(page.AsSpan(at)));
                if (type != 5)
                    count += Overflow(Varint(page, at + (isInterior ? 4 : 0)), isTable);
            }

            return count;
        }

        private long Overflow(long payload, bool isTable)
        {
            long max = isTable ? Size - 35 : ((Size - 12) * 64 / 255) - 23;
            if (payload <= max)
                return 0;
            long min = ((Size - 12) * 32 / 255) - 23;
            long local = min + ((payload - min) % (Size - 4));
            return (payload - (local <= max ? local : min) + Size - 5) / (Size - 4);
        }

        private static long Varint(byte[] page, int at)
        {
            long value = 0;
            for (int i = 0; i < 8; i++)
            {
                value = (value << 7) | (uint)(page[at + i] & 0x7F);
                if (page[at + i] < 0x80)
                    return value;
            }

            return (value << 8) | page[at + 8];
        }

        private static int PageSize(string file)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] head = new byte[18];
            stream.ReadExactly(head);
            return BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(16)) is 1 ? 65_536 : BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(16));
        }
    }
}
