using System.Buffers.Binary;
using System.Net;
using ConntrackConsole.Lab.Workload;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class BadSegmentTests
{
    [Fact]
    public void Encode_Segment_HasValidHeaderAndChecksum()
    {
        byte[] packet = BadSegment.Encode(IPEndPoint.Parse("10.100.16.2:8080"), IPEndPoint.Parse("10.100.48.2:40001"), 0xFFFFFFF0, 0x01020304);

        Assert.Equal(58, packet.Length);
        Assert.Equal("4500003A" + "00000000" + "40060000" + "0A641002" + "0A643002", Convert.ToHexString(packet, 0, 20));
        Assert.Equal("1F909C41" + "FFFFFFF0" + "01020304" + "5018" + "0200", Convert.ToHexString(packet, 20, 16));
        // Including the checksum, the sum over pseudo header and segment is all ones (RFC 1071).
        uint sum = 6 + 38;
        for (int at = 12; at < packet.Length; at += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at));
        Assert.Equal(0xFFFFu, (sum & 0xFFFF) + (sum >> 16));
    }
}
