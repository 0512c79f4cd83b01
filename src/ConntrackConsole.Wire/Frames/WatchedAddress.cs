
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>
/// What look-ups of single entries say about an address that the console named (its pod terminated or is lost). Counts are of
/// translated ESTABLISHED TCP entries whose answers come from the address.
/// </summary>
/// <param name="PodIp">The address.</param>
/// <param name="Entries">Entries in this node's table.</param>
/// <param name="Checked">Of these, looked up within this round; the rest waits for its turn.</param>
/// <param name="Unacknowledged">Remaining timeout at or below the unacknowledged timeout: no answer came (evidence only for an address without a live owner).</param>
/// <param name="Idle">Full timeout still running down: nobody has sent since.</param>
/// <param name="Alive">The timeout rose again: something answers.</param>
public readonly record struct WatchedAddress(Ip PodIp, uint Entries, uint Checked, uint Unacknowledged, uint Idle, uint Alive);
