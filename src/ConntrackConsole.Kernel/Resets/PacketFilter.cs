using ConntrackConsole.Kernel.Packets;

namespace ConntrackConsole.Kernel.Resets;

/// <summary>
/// The classic BPF program "incoming TCP segment with RST, IPv4 or IPv6" (linux/filter.h), for a socket of type
/// SOCK_DGRAM, where the packet begins with its IP header. It runs for every packet of the namespace, so it exits at the
/// first test for nearly all of them.
/// </summary>
internal static class PacketFilter
{
    private const ushort LoadByte = 0x30, LoadHalf = 0x28, LoadByteAtX = 0x50;        // BPF_LD | BPF_B/H | BPF_ABS/IND
    private const ushort LoadHeaderLength = 0xB1;                                      // BPF_LDX | BPF_B | BPF_MSH: X = 4 * (P[k] & 15)
    private const ushort JumpEqual = 0x15, JumpBits = 0x45, Return = 0x06;             // BPF_JMP | BPF_JEQ/JSET, BPF_RET
    private const uint Protocol = unchecked((uint)-0x1000), PacketType = unchecked((uint)-0x1000 + 4); // SKF_AD_OFF + …
    private const uint Outgoing = 4;                                                   // PACKET_OUTGOING

    public static readonly BpfInstruction[] Program =
    [
        new(LoadHalf, 0, 0, Protocol),
        new(JumpEqual, 0, 7, 0x0800),            // IPv4, else to 9
        new(LoadByte, 0, 0, 9),
        new(JumpEqual, 0, 13, 6),                // TCP
        new(LoadHalf, 0, 0, 6),
        new(JumpBits, 11, 0, 0x1FFF),            // not the first fragment: contains no TCP header
        new(LoadHeaderLength, 0, 0, 0),
        new(LoadByteAtX, 0, 0, 13),
        new(JumpBits, 5, 8, 4),                  // RST
        new(JumpEqual, 0, 7, 0x86DD),            // IPv6
        new(LoadByte, 0, 0, 6),
        new(JumpEqual, 0, 5, 6),                 // TCP
        new(LoadByte, 0, 0, 40 + 13),
        new(JumpBits, 0, 3, 4),                  // RST
        new(LoadByte, 0, 0, PacketType),
        new(JumpEqual, 1, 0, Outgoing),
        new(Return, 0, 0, ResetPacket.SnapLength),
        new(Return, 0, 0, 0),
    ];
}
