using System.Text;
using ConntrackConsole.Kernel.Proc;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Proc;

[Trait("Category", "Parser")]
public class NodeMemoryTests
{
    [Fact]
    public void File_OfARealKernel_IsRead()
    {
        Assert.True(NodeMemory.TryParse("MemTotal:       16307536 kB\nMemFree:          123456 kB\n"u8, out var memory));
        Assert.Equal(16_698_916_864, memory.TotalBytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MemFree: 1 kB\n")]
    [InlineData("MemTotal:\n")]
    [InlineData("MemTotal: 0 kB\n")]
    [InlineData("MemTotal: -5 kB\n")]
    [InlineData("MemTotal: 5 MB\n")]
    [InlineData("MemTotal: 5\n")]
    [InlineData("MemTotal: 9223372036854775807 kB\n")]
    public void File_Malformed_IsRejected(string text) => Assert.False(NodeMemory.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void ThisKernel_ReportsItsMemory()
    {
        Assert.True(NodeMemory.TryRead(out var memory));
        Assert.InRange(memory.TotalBytes, 64L << 20, 1L << 50);
        Assert.False(NodeMemory.TryRead(out _, "/no-such-root"));
    }
}
