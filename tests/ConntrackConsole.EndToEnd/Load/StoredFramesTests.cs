using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ConntrackConsole.Bench.Load;
using ConntrackConsole.Bench.Load.Nodes;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Data.Sqlite;
using Xunit;
using StoredFrames = ConntrackConsole.Bench.Load.StoredFrames;

namespace ConntrackConsole.EndToEnd.Load;

/// <summary>How the load's frames are counted in a console's database.</summary>
public sealed class StoredFramesTests : IDisposable
{
    private const long Run = 1_700_000_000_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cccount-");

    public StoredFramesTests() => Execute("CREATE TABLE Frames (Node TEXT, StartedAtMs INTEGER, Sequence INTEGER, Bytes BLOB)");

    private string Database => Path.Combine(_folder.FullName, "console.db");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Count_EachFrameInOneRow_IsExact()
    {
        Add("a", 1, 2);
        Add("b", 1);

        var count = Count(Made("a", 2), Made("b", 1));

        Assert.Equal(new StoredCount(3, 0, 0, 0, 0, 0), count);
        Assert.True(count.IsExact);
    }

    [Fact]
    public void Count_MissingFrameThatItsNodeKeeps_Waits()
    {
        Add("a", 1);

        var count = Count(Made("a", 2, kept: 2));

        Assert.Equal(new StoredCount(1, 0, Lost: 0, Waiting: 1, 0, 0), count);
        Assert.False(count.IsExact);
    }

    [Theory]
    [InlineData("a", 1)] // Stored, and only its acknowledgement is missing.
    [InlineData("b", 1)] // Another node's.
    [InlineData("b", 2)]
    public void Count_MissingFrameWhileAnotherOneIsKept_IsLost(string keeper, int sequence)
    {
        Add("a", 1);
        Add("b", 1, 2);

        var count = Count(Made("a", 2, keeper == "a" ? sequence : 0), Made("b", 2, keeper == "b" ? sequence : 0));

        Assert.Equal(new StoredCount(3, 0, Lost: 1, Waiting: 0, 0, 0), count);
        Assert.False(count.IsExact);
    }

    [Fact]
    public void Count_RowBesideItsPack_IsNoDuplicate()
    {
        Add("a", 2, 3);
        AddPack("a", 1, 2);

        var count = Count(Made("a", 3));

        Assert.Equal(new StoredCount(3, Duplicates: 0, 0, 0, 0, BesidePack: 1), count);
        Assert.True(count.IsExact);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Count_FrameInTwoRowsOrPacks_IsDuplicate(bool packs)
    {
        for (int i = 0; i < 2; i++)
        {
            if (packs)
                AddPack("a", 1);
            else
                Add("a", 1);
        }

        var count = Count(Made("a", 1));

        Assert.Equal(new StoredCount(1, Duplicates: 1, 0, 0, 0, 0), count);
        Assert.False(count.IsExact);
    }

    [Fact]
    public void Count_OtherBytesOfTheSameLength_AreForeign()
    {
        Add("a", 2);
        Execute($"INSERT INTO Frames SELECT Node, StartedAtMs, 1, X'{Convert.ToHexString([.. Bytes(1).Reverse()])}' FROM Frames");

        Assert.Equal(new StoredCount(2, 0, 0, 0, Foreign: 1, 0), Count(Made("a", 2)));
    }

    [Fact]
    public void Count_RowsOfNoNodeOfTheLoadAndDamagedPacks_AreForeign()
    {
        Add("a", 1, 2);
        Add("x", 1);
        AddPack("a", 3);
        Execute("INSERT INTO FramePacks VALUES ('a', X'00')");

        Assert.Equal(new StoredCount(1, 0, 0, 0, Foreign: 4, 0), Count(Made("a", 1)));
    }

    private static byte[] Bytes(int sequence) => [1, 2, 3, (byte)sequence];

    private static MadeFrames Made(string node, int frames, int kept = 0) =>
        new(node, Run, [.. Enumerable.Range(1, frames).Select(sequence => MadeFrames.HashOf(Bytes(sequence)))], kept == 0 ? new HashSet<ulong>() : new HashSet<ulong> { (ulong)kept });

    private StoredCount Count(params MadeFrames[] nodes)
    {
        using var stored = new StoredFrames(Database);
        return stored.Count(nodes);
    }

    private void Add(string node, params int[] sequences)
    {
        foreach (int sequence in sequences)
            Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO Frames VALUES ('{node}', {Run}, {sequence}, X'{Convert.ToHexString(Bytes(sequence))}')"));
    }

    private void AddPack(string node, params int[] sequences)
    {
        var pack = new FrameBuffer();
        foreach (int sequence in sequences)
            pack.Add(Run, (ulong)sequence, Run + (sequence * 1_000), Run + (sequence * 1_000), 0, Bytes(sequence));
        Execute("CREATE TABLE IF NOT EXISTS FramePacks (Node TEXT, Bytes BLOB)");
        Execute($"INSERT INTO FramePacks VALUES ('{node}', X'{Convert.ToHexString(pack.Pack())}')");
    }

    [SuppressMessage("Security", "CA2100:Review SQL queries for security vulnerabilities", Justification = "Every text is of this class.")]
    private void Execute(string sql)
    {
        using var database = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Database, Pooling = false }.ToString());
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
