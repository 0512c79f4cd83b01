using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>
/// A packet to a Service that a rule of this node refused with ICMP port unreachable: the Service has no endpoint there. The kernel limits these
/// messages, to one a second for each client: most refused packets are not among them.
/// </summary>
/// <param name="AtMs">When, milliseconds of Unix time.</param>
/// <param name="Src">Its sender.</param>
/// <param name="Vip">The Service's address.</param>
internal readonly record struct ServiceRefusal(long AtMs, Ip Src, Ip Vip);
