using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

/// <summary>The tracepoint of ICMP messages, as Linux 6.18 describes it.</summary>
[Trait("Category", "Parser")]
public class RefusalLayoutTests
{
    private const string Format = """
        name: icmp_send
        ID: 2314
        format:
        	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
        	field:int common_pid;	offset:4;	size:4;	signed:1;

        	field:const void * skbaddr;	offset:8;	size:8;	signed:0;
        	field:int type;	offset:16;	size:4;	signed:1;
        	field:int code;	offset:20;	size:4;	signed:1;
        	field:__u8 saddr[4];	offset:24;	size:4;	signed:0;
        	field:__u8 daddr[4];	offset:28;	size:4;	signed:0;
        	field:__u16 sport;	offset:32;	size:2;	signed:0;
        """;

    [Theory]
    [InlineData(3, 3, true)]
    [InlineData(3, 1, false)]
    [InlineData(11, 3, false)]
    public void TryDecode_TakesPortUnreachableOnly(byte type, byte code, bool expected)
    {
        Assert.True(RefusalLayout.TryCreate(Format, out var layout));
        byte[] record = new byte[40];
        record[16] = type;
        record[20] = code;
        Ip.Parse("10.1.0.9").WriteBytes(record.AsSpan(24));
        Ip.Parse("10.96.0.1").WriteBytes(record.AsSpan(28));

        Assert.Equal(expected, layout.TryDecode(record, 7, out var refusal));
        Assert.Equal(expected ? new RefusalRecord(7, Ip.Parse("10.1.0.9"), Ip.Parse("10.96.0.1")) : default, refusal);
        Assert.False(layout.TryDecode(record.AsSpan(0, 30), 7, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("name: icmp_send\nID: 5\n\tfield:int type;\toffset:16;\tsize:4;\tsigned:1;\n")]
    public void TryCreate_WithoutTheTracepoint_HasNone(string? format) => Assert.False(RefusalLayout.TryCreate(format, out _));
}
