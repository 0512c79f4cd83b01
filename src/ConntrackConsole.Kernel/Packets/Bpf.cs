using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Packets;

/// <summary>One instruction of a classic BPF program: struct sock_filter (linux/filter.h).</summary>
/// <param name="Code">Operation.</param>
/// <param name="True">For a jump: how many instructions to skip when the condition is true.</param>
/// <param name="False">For a jump: how many instructions to skip when it is false.</param>
/// <param name="Value">Operand.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BpfInstruction(ushort Code, byte True, byte False, uint Value);

/// <summary>A classic BPF program for SO_ATTACH_FILTER: struct sock_fprog (linux/filter.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BpfProgram
{
    public ushort Length;
    public BpfInstruction* Instructions;
}
