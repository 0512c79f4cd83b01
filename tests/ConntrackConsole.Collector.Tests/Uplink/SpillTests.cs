using ConntrackConsole.Collector.Uplink;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Uplink;

[Trait("Category", "Parser")]
public class SpillTests
{
    private const long Run = 1_700_000_000_000;

    [Fact]
    public void Open_TruncatedAtAnyByte_ReadsCompleteRecordsAndReportsAGap()
    {
        var (file, ends) = Written(3);
        for (int length = 0; length < file.Length; length++)
        {
            using var state = new TemporaryDirectory();
            string path = Put(state.Path, file[..length]);
            int whole = ends.Count(end => end <= length) - 1; // the first end is the header's
            using (var spill = Spill.Open(state.Path))
            {
                Assert.Equal(Math.Max(0, whole), spill.Found.Count);
                Assert.Equal(ends.Contains(length) ? 0 : 1, spill.Damaged.Count);
                for (int i = 0; i < whole; i++)
                    Assert.Equal(Frame(i), Spill.Read(spill.Found[i].Segment!, spill.Found[i].Offset, spill.Found[i].Length, (ulong)i + 1));
            }

            // The rest is complete: nothing is reported twice.
            Assert.Equal(whole > 0, File.Exists(path));
            if (whole > 0)
                Assert.Equal(ends[whole], new FileInfo(path).Length);
            using var again = Spill.Open(state.Path);
            Assert.Empty(again.Damaged);
            Assert.Equal(Math.Max(0, whole), again.Found.Count);
        }
    }

    [Fact]
    public void Open_AnyByteDamaged_ReadsOnlyWrittenRecords()
    {
        var (file, ends) = Written(3);
        for (int at = 0; at < file.Length; at++)
        {
            using var state = new TemporaryDirectory();
            byte[] damaged = [.. file];
            damaged[at] ^= 0x40;
            Put(state.Path, damaged);
            using var spill = Spill.Open(state.Path);
            int whole = ends.Count(end => end <= at) - 1;
            Assert.Equal(Math.Max(0, whole), spill.Found.Count);
            Assert.Single(spill.Damaged);
        }
    }

    [Fact]
    public void Read_DamagedAfterOpen_IsNull()
    {
        using var state = new TemporaryDirectory();
        string path = Put(state.Path, Written(2).File);
        using var spill = Spill.Open(state.Path);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        var (first, last) = (spill.Found[0], spill.Found[1]);
        Assert.NotNull(Spill.Read(first.Segment!, first.Offset, first.Length, 1));
        Assert.Null(Spill.Read(last.Segment!, last.Offset, last.Length, 2));
        File.Delete(path);
        Assert.Null(Spill.Read(first.Segment!, first.Offset, first.Length, 1));
    }

    [Fact]
    public void Open_UsedByAnotherCollector_Throws()
    {
        using var state = new TemporaryDirectory();
        using (Spill.Open(state.Path))
            Assert.Contains("another collector", Assert.Throws<IOException>(() => Spill.Open(state.Path)).Message);
        Spill.Open(state.Path).Dispose();
    }

    [Fact]
    public void Open_ForeignFiles_AreIgnoredOrReported()
    {
        using var state = new TemporaryDirectory();
        string folder = Directory.CreateDirectory(Path.Combine(state.Path, "spill")).FullName;
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "somebody's");
        File.WriteAllText(Path.Combine(folder, "odd-name-here.frames"), "CCS1 but not really");
        using var spill = Spill.Open(state.Path);
        Assert.Empty(spill.Found);
        Assert.Single(spill.Damaged);
        Assert.True(File.Exists(Path.Combine(folder, "notes.txt")));
    }

    private static byte[] Frame(int i) => [.. Enumerable.Range(0, 20 + i).Select(b => (byte)(b * 7))];

    private static (byte[] File, List<int> Ends) Written(int frames)
    {
        byte[] file = new byte[1024];
        SpillFormat.WriteHeader(file, Run);
        List<int> ends = [SpillFormat.HeaderLength];
        for (int i = 0; i < frames; i++)
            ends.Add(ends[^1] + SpillFormat.WriteRecord(file.AsSpan(ends[^1]), (ulong)i + 1, Run + (i * 1000), Frame(i)));
        return (file[..ends[^1]], ends);
    }

    private static string Put(string state, byte[] bytes)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(state, "spill")).FullName, $"{Run}-1.frames");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
