using System.Buffers;
using System.Reflection;
using ConntrackConsole.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Integration.Hosting;

public class BufferPoolTests
{
    private const string Variable = "DOTNET_SYSTEM_BUFFERS_SHAREDARRAYPOOL_MAXARRAYSPERPARTITION";

    /// <summary>The runtime takes the number from this variable and no other; what an operator sets is kept.</summary>
    [Fact]
    public void Configure_SetsWhatTheRuntimeReads_UnlessItIsSet()
    {
        string? before = Environment.GetEnvironmentVariable(Variable);
        try
        {
            Environment.SetEnvironmentVariable(Variable, null);
            BufferPool.Configure();
            Assert.Equal(BufferPool.Kept, ReadByTheRuntime());
            Environment.SetEnvironmentVariable(Variable, "64");
            BufferPool.Configure();
            Assert.Equal(64, ReadByTheRuntime());
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, before);
        }
    }

    // The value that the pool keeps was read when this process took its first buffer.
    private static int ReadByTheRuntime()
    {
        var read = typeof(ArrayPool<byte>).Assembly.GetType("System.Buffers.SharedArrayPoolStatics")?.GetMethod("GetMaxArraysPerPartition", BindingFlags.NonPublic | BindingFlags.Static);
        Assert.NotNull(read);
        return (int)read.Invoke(null, null)!;
    }
}
