using System.Buffers.Binary;
using ConntrackConsole.Audit;
using Microsoft.Data.Sqlite;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

/// <summary>Flips a bit in the file itself, below SQL: in each byte of the pages with the table's cells.</summary>
public sealed class AuditFileBitTests
{
    private const int PageSize = 4096;
    private const byte TableLeaf = 13, TableInterior = 5;

    [Fact]
    public async Task Verify_ABitFlippedInTheTablesPages_IsDetectedIfItChangesAValue()
    {
        using var log = await ChainedLog.CreateAsync(7);
        await log.Log.AppendAsync(
            new AuditNote("anna", null, "flush.completed", null, null, "many", null, null, "ok", null, "large") { Details = string.Concat(Enumerable.Repeat("0123456789", 900)) },
            TestContext.Current.CancellationToken);
        await log.AddAsync(2);
        string file = await log.CopyAsync("bits.db");
        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        string whole = Values(file)!;
        int changed = 0, silent = 0;
        foreach (int offset in CellBytes(bytes, Root(file)))
        {
            byte turned = (byte)(bytes[offset] ^ (1 << (offset * 7 % 8)));
            Write(file, offset, turned);
            bool found;
            try
            {
                found = ChainedLog.Verify(file, log.Keys).Fault is not null;
            }
            catch (SqliteException)
            {
                found = true;
            }

            if (Values(file) != whole)
            {
                Assert.True(found, $"byte {offset}: {bytes[offset]:x2} became {turned:x2}, and a value with it, and this was not detected");
                changed++;
            }
            else
            {
                silent++;
            }

            Write(file, offset, bytes[offset]);
        }

        Assert.Null(ChainedLog.Verify(file, log.Keys, log.Log.Head).Fault);
        TestContext.Current.SendDiagnosticMessage($"{changed} bits changed a value and were found, {silent} changed none");
        Assert.True(changed > 4_000 && silent < changed / 50, $"{changed} changed a value, {silent} did not");
    }

    // Every cell of the leaf pages; for long values also every eighth byte of the overflow pages.
    private static List<int> CellBytes(byte[] file, int page)
    {
        int start = (page - 1) * PageSize;
        int header = page == 1 ? start + 100 : start;
        int cells = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(header + 3));
        Assert.Contains(file[header], new[] { TableLeaf, TableInterior });
        bool leaf = file[header] == TableLeaf;
        var places = Enumerable.Range(0, cells).Select(i => (int)BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(header + (leaf ? 8 : 12) + (i * 2)))).ToList();
        if (!leaf)
        {
            var children = places.Select(p => (int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(start + p))).Append((int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(header + 8)));
            return [.. children.SelectMany(c => CellBytes(file, c))];
        }

        var found = new List<int>();
        foreach (int place in places)
        {
            int at = start + place;
            (long payload, int sized) = Varint(file, at);
            (_, int numbered) = Varint(file, at + sized);
            long local = payload <= PageSize - 35 ? payload : Local(payload);
            int body = at + sized + numbered;
            // The size of the payload determines how much is read, not what: a changed bit there may have no effect.
            found.AddRange(Enumerable.Range(at + sized, numbered + (int)local));
            if (local < payload)
            {
                uint next = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(body + (int)local));
                for (long left = payload - local; left > 0 && next != 0; left -= PageSize - 4)
                {
                    int behind = (int)(next - 1) * PageSize;
                    for (int i = 0; i < Math.Min(left, PageSize - 4); i += 8)
                        found.Add(behind + 4 + i);
                    next = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(behind));
                }
            }
        }

        return found;
    }

    // How much of a long payload is stored in the cell itself (the SQLite file format, "cell payload overflow pages").
    private static long Local(long payload)
    {
        const int usable = PageSize, most = usable - 35, least = ((usable - 12) * 32 / 255) - 23;
        long k = least + ((payload - least) % (usable - 4));
        return k <= most ? k : least;
    }

    private static (long Value, int Length) Varint(byte[] file, int at)
    {
        long value = 0;
        for (int i = 0; i < 8; i++)
        {
            value = (value << 7) | (uint)(file[at + i] & 0x7F);
            if (file[at + i] < 0x80)
                return (value, i + 1);
        }

        return ((value << 8) | file[at + 8], 9);
    }

    private static int Root(string file) => int.Parse(Ask(file, "SELECT CAST(rootpage AS TEXT) FROM sqlite_schema WHERE name = 'Audit'")!, null);

    // Every value with its kind, as SQLite itself reads it.
    private static string? Values(string file)
    {
        var columns = AuditChain.Columns.Append("Hash").Select(c => $"typeof(\"{c}\") || ':' || COALESCE(hex(CAST(\"{c}\" AS BLOB)), '')");
        return Ask(file, $"SELECT group_concat(v, char(10)) FROM (SELECT {string.Join(" || ',' || ", columns)} AS v FROM Audit NOT INDEXED)");
    }

    private static string? Ask(string file, string sql)
    {
        try
        {
            using var connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return command.ExecuteScalar() as string;
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    private static void Write(string file, int offset, byte value)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.Position = offset;
        stream.WriteByte(value);
    }
}
