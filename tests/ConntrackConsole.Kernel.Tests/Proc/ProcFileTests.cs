using ConntrackConsole.Kernel.Proc;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Proc;

public class ProcFileTests
{
    [Fact]
    public void TryRead_ContentThatChangesAndGrows_IsReadEachTime()
    {
        string path = Path.GetTempFileName();
        using var file = new ProcFile(path);
        foreach (int length in (int[])[1, 63, 64, 65, 5000, 2])
        {
            File.WriteAllBytes(path, Enumerable.Repeat((byte)length, length).ToArray());
            Assert.True(file.TryRead(out var content));
            Assert.Equal(Enumerable.Repeat((byte)length, length), content.ToArray());
        }

        File.Delete(path);
    }

    [Fact]
    public void TryRead_FileThatAppearsLater_IsAbsentUntilThen()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
        using var file = new ProcFile(path);
        Assert.Equal(SysctlFault.Absent, Sysctl.TryRead(file, out _));

        File.WriteAllText(path, "12\n");

        Assert.Equal(SysctlFault.None, Sysctl.TryRead(file, out long value));
        Assert.Equal(12, value);
        File.Delete(path);
    }

    [Fact]
    public void TryRead_SysctlsAndCountersAgain_AllocatesNothing()
    {
        var sysctl = new Sysctl();
        ProcFile[] files = [.. SysctlKey.All.Select(sysctl.FileOf)];
        using var snmp = SnmpTcp.Open();
        Read();

        long before = GC.GetAllocatedBytesForCurrentThread();
        Read();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);

        void Read()
        {
            foreach (var file in files)
                _ = Sysctl.TryRead(file, out _);
            Assert.True(SnmpTcp.TryRead(snmp, out _));
        }
    }

    [Fact]
    public void TryRead_OpenFileOfAKey_GivesWhatAFreshReadingGives()
    {
        var sysctl = new Sysctl();
        foreach (var key in SysctlKey.All.Where(key => key != SysctlKey.Count))
        {
            using var file = sysctl.FileOf(key);
            for (int round = 0; round < 2; round++)
            {
                Assert.Equal((sysctl.TryRead(key, out long fresh), fresh), (Sysctl.TryRead(file, out long again), again));
            }
        }
    }
}
