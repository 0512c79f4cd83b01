using ConntrackConsole.Kernel.Resets;
using Xunit;
using static ConntrackConsole.Testing.PacketSamples;

namespace ConntrackConsole.Kernel.Tests.Resets;

[Trait("Category", "Parser")]
public class PacketFilterTests
{
    [Theory]
    [InlineData(V4 + Rst, true)]
    [InlineData(V4 + RstAck, true)]
    [InlineData(V4 + Fin, false)]
    [InlineData(V6 + Rst, true)]
    [InlineData(V6 + Fin, false)]
    [InlineData("460000280000400040060000" + "0ACB01020ACB0202" + "01010101" + Rst, true)] // IPv4 options
    [InlineData("450000280000400140060000" + "0ACB01020ACB0202" + Rst, false)] // a later fragment
    [InlineData("450000280000400040110000" + "0ACB01020ACB0202" + Rst, false)] // UDP
    public void Packet_PassedByTheFilter_IsParsed(string hex, bool isReset)
    {
        byte[] packet = Convert.FromHexString(hex);

        Assert.Equal(isReset, Passes(packet, outgoing: false));
        Assert.Equal(isReset, ResetPacket.TryParse(packet, out var reset));
        Assert.False(Passes(packet, outgoing: true));
        if (!isReset)
            return;
        Assert.Equal((8080, 5000), (reset.Sport, reset.Dport));
        Assert.Equal(hex.Contains("12345678" + "00000000", StringComparison.Ordinal) ? 0x12345678u : 0u, reset.Sequence);
        Assert.Equal(hex[0] == '4' ? "10.203.1.2" : "fd00:203:1::2", reset.Src.ToString());
        Assert.Equal(hex[0] == '4' ? "10.203.2.2" : "fd00:203:2::2", reset.Dst.ToString());
    }

    [Fact]
    public void Packet_Truncated_IsNoReset()
    {
        foreach (string hex in (string[])[V4 + Rst, V6 + Rst, ""])
        {
            byte[] packet = Convert.FromHexString(hex);
            int enough = hex.Length == 0 ? 0 : (hex[0] == '4' ? 20 : 40) + 14;
            for (int length = 0; length < enough; length++)
                Assert.False(ResetPacket.TryParse(packet.AsSpan(0, length), out _));
        }

        Assert.False(ResetPacket.TryParse(Convert.FromHexString("41" + (V4 + Rst)[2..]), out _)); // a header of 4 bytes
        Assert.False(ResetPacket.TryParse(Convert.FromHexString("75" + (V4 + Rst)[2..]), out _)); // IP version 7
    }

    // Executes the program like the kernel, so that a wrong jump fails here and not only as a missing packet.
    private static bool Passes(byte[] packet, bool outgoing)
    {
        uint accumulator = 0, x = 0;
        for (int at = 0; ;)
        {
            var instruction = PacketFilter.Program[at++];
            switch (instruction.Code)
            {
                case 0x28 or 0x30 when unchecked((int)instruction.Value) < 0:
                    accumulator = instruction.Value == unchecked((uint)-0x1000)
                        ? packet[0] >> 4 == 4 ? 0x0800u : 0x86DDu
                        : outgoing ? 4u : 0u;
                    break;
                case 0x28:
                    accumulator = (uint)((packet[instruction.Value] << 8) | packet[instruction.Value + 1]);
                    break;
                case 0x30:
                    accumulator = packet[instruction.Value];
                    break;
                case 0x50:
                    accumulator = packet[instruction.Value + x];
                    break;
                case 0xB1:
                    x = 4u * (packet[instruction.Value] & 15u);
                    break;
                case 0x15:
                    at += accumulator == instruction.Value ? instruction.True : instruction.False;
                    break;
                case 0x45:
                    at += (accumulator & instruction.Value) != 0 ? instruction.True : instruction.False;
                    break;
                default:
                    Assert.Equal(0x06, instruction.Code);
                    return instruction.Value != 0;
            }
        }
    }
}
