using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Wire;

/// <summary>
/// Results of look-ups of individual entries for an address on the console's watch list (its pod terminated or is lost). Counts
/// are of translated ESTABLISHED TCP entries with the address as reply source.
/// </summary>
/// <param name="PodIp">The address.</param>
/// <param name="Entries">Entries in this node's table.</param>
/// <param name="Checked">Of these, looked up in this round; the others follow.</param>
/// <param name="Unacknowledged">Remaining timeout at or below the unacknowledged timeout: no acknowledgement (evidence only for an address without a live owner).</param>
/// <param name="Idle">Full timeout running down: no traffic.</param>
/// <param name="Alive">The timeout rose again: something answers.</param>
public readonly record struct WatchedAddress(Ip PodIp, uint Entries, uint Checked, uint Unacknowledged, uint Idle, uint Alive);
