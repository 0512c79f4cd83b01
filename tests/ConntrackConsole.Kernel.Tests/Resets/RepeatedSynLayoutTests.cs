using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

/// <summary>The tracepoint of retransmissions, as Linux 6.18 describes it.</summary>
[Trait("Category", "Parser")]
public class RepeatedSynLayoutTests
{
    private const string Format = """
        name: tcp_retransmit_skb
        ID: 2281
        format:
        	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
        	field:const void * skbaddr;	offset:8;	size:8;	signed:0;
        	field:int state;	offset:24;	size:4;	signed:1;
        	field:__u16 sport;	offset:28;	size:2;	signed:0;
        	field:__u16 dport;	offset:30;	size:2;	signed:0;
        	field:__u8 saddr_v6[16];	offset:42;	size:16;	signed:0;
        	field:__u8 daddr_v6[16];	offset:58;	size:16;	signed:0;
        """;

    [Theory]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public void TryDecode_TakesSynsOnly(byte state, bool expected)
    {
        Assert.True(RepeatedSynLayout.TryCreate(Format, out var layout));
        byte[] record = new byte[80];
        record[24] = state;
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(28), 40_000);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(30), 80);
        System.Net.IPAddress.Parse("::ffff:10.1.0.9").TryWriteBytes(record.AsSpan(42), out _);
        System.Net.IPAddress.Parse("::ffff:10.96.0.1").TryWriteBytes(record.AsSpan(58), out _);

        Assert.Equal(expected, layout.TryDecode(record, 7, out var attempt));
        Assert.Equal(expected ? new AttemptRecord(7, Ip.Parse("10.1.0.9"), 40_000, Ip.Parse("10.96.0.1"), 80) : default, attempt);
        Assert.False(layout.TryDecode(record.AsSpan(0, 60), 7, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("name: tcp_retransmit_skb\nID: 5\n\tfield:__u16 sport;\toffset:28;\tsize:2;\tsigned:0;\n")]
    public void TryCreate_WithoutTheState_HasNone(string? format) => Assert.False(RepeatedSynLayout.TryCreate(format, out _));
}
