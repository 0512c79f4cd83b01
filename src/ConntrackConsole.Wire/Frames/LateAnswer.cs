using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>A connection of a Service after a repeated SYN: its entry was SYN_SENT for almost a second at least.</summary>
/// <param name="AtMs">When it was answered, milliseconds of Unix time.</param>
/// <param name="WaitedMs">For how long it had waited.</param>
/// <param name="Src">Its client.</param>
/// <param name="Sport">The client's port.</param>
/// <param name="Vip">The Service's address.</param>
/// <param name="Vport">The Service's port.</param>
/// <param name="Backend">The pod that answered.</param>
/// <param name="Bport">The pod's port.</param>
internal readonly record struct LateAnswer(long AtMs, uint WaitedMs, Ip Src, ushort Sport, Ip Vip, ushort Vport, Ip Backend, ushort Bport);
