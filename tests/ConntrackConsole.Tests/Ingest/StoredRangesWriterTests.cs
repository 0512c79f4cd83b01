using System.Text.Json;
using ConntrackConsole.Ingest;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Ingest;

public class StoredRangesWriterTests
{
    private static readonly JsonSerializerOptions _console = new(WireJson.Default.Options) { Converters = { new StoredRangesWriter() } };

    [Fact]
    public void Write_IsWhatCollectorsRead()
    {
        var stored = new StoredRanges(1_700_000_000_123, [new SequenceRange(1, 7), new SequenceRange(9, ulong.MaxValue)]);
        string written = JsonSerializer.Serialize(stored, _console);
        Assert.Equal(JsonSerializer.Serialize(stored, WireJson.Default.StoredRanges), written);
        var read = JsonSerializer.Deserialize(written, WireJson.Default.StoredRanges)!;
        Assert.Equal(stored.StartedAtMs, read.StartedAtMs);
        Assert.Equal(stored.Ranges, read.Ranges);
    }

    [Fact]
    public void Write_Allocates_NothingForNestedObjects()
    {
        var stored = new StoredRanges(1, [new SequenceRange(1, 7)]);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1_024);
        using var writer = new Utf8JsonWriter(buffer);
        long before = 0;
        for (int i = 0; i < 200; i++)
        {
            if (i == 100)
                before = GC.GetAllocatedBytesForCurrentThread();
            buffer.ResetWrittenCount();
            writer.Reset();
            JsonSerializer.Serialize(writer, stored, _console);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 200);
    }
}
