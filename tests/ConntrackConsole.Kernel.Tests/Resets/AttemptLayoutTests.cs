using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

/// <summary>The tracepoint of sockets' states, as Linux 6.18 describes it.</summary>
[Trait("Category", "Parser")]
public class AttemptLayoutTests
{
    private const string Format = """
        name: inet_sock_set_state
        ID: 2287
        format:
        	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
        	field:int common_pid;	offset:4;	size:4;	signed:1;

        	field:const void * skaddr;	offset:8;	size:8;	signed:0;
        	field:int oldstate;	offset:16;	size:4;	signed:1;
        	field:int newstate;	offset:20;	size:4;	signed:1;
        	field:__u16 sport;	offset:24;	size:2;	signed:0;
        	field:__u16 dport;	offset:26;	size:2;	signed:0;
        	field:__u16 family;	offset:28;	size:2;	signed:0;
        	field:__u16 protocol;	offset:30;	size:2;	signed:0;
        	field:__u8 saddr[4];	offset:32;	size:4;	signed:0;
        	field:__u8 daddr[4];	offset:36;	size:4;	signed:0;
        	field:__u8 saddr_v6[16];	offset:40;	size:16;	signed:0;
        	field:__u8 daddr_v6[16];	offset:56;	size:16;	signed:0;
        """;

    [Theory]
    [InlineData(2, 7, "::ffff:10.1.0.9", "10.1.0.9", true)]
    [InlineData(2, 7, "fd00::9", "fd00::9", true)]
    [InlineData(2, 1, "fd00::9", "fd00::9", false)]
    [InlineData(1, 7, "fd00::9", "fd00::9", false)]
    public void TryDecode_TakesAttemptsThatEnded(byte before, byte after, string written, string client, bool expected)
    {
        Assert.True(AttemptLayout.TryCreate(Format, out var layout));
        byte[] record = new byte[72];
        (record[16], record[20]) = (before, after);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(24), 40_000);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(26), 80);
        System.Net.IPAddress.Parse(written).TryWriteBytes(record.AsSpan(40), out _);
        System.Net.IPAddress.Parse("fd00:96::1").TryWriteBytes(record.AsSpan(56), out _);

        Assert.Equal(expected, layout.TryDecode(record, 7, out var attempt));
        Assert.Equal(expected ? new AttemptRecord(7, Ip.Parse(client), 40_000, Ip.Parse("fd00:96::1"), 80) : default, attempt);
        Assert.False(layout.TryDecode(record.AsSpan(0, 60), 7, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("name: inet_sock_set_state\nID: 5\n\tfield:int oldstate;\toffset:16;\tsize:4;\tsigned:1;\n")]
    public void TryCreate_WithoutTheTracepoint_HasNone(string? format) => Assert.False(AttemptLayout.TryCreate(format, out _));
}
