namespace ConntrackConsole.Kernel.Nftables;

/// <summary>What a rule's counter tells.</summary>
/// <param name="Packets">Packets.</param>
/// <param name="Bytes">Their bytes, from the network header on.</param>
public readonly record struct NftCount(ulong Packets, ulong Bytes);
