namespace ConntrackConsole.Kernel.Nftables;

/// <summary>Values of a rule's counter.</summary>
/// <param name="Packets">Packets.</param>
/// <param name="Bytes">Their bytes, from the network header on.</param>
internal readonly record struct NftCount(ulong Packets, ulong Bytes);
