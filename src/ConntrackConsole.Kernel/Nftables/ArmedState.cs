namespace ConntrackConsole.Kernel.Nftables;

/// <summary>The state of an <see cref="ArmedFilter"/> in the kernel.</summary>
/// <param name="Ipv4">How long IPv4 INVALID packets are still dropped; zero when that is over, TimeSpan.MaxValue if
/// another program removed the time limit.</param>
/// <param name="Ipv6">The same for IPv6.</param>
/// <param name="Forward">Count of dropped forwarded packets; null if another program removed the rule.</param>
/// <param name="Input">Count of dropped packets to the node itself; null if that was not requested.</param>
internal readonly record struct ArmedState(TimeSpan Ipv4, TimeSpan Ipv6, NftCount? Forward, NftCount? Input)
{
    /// <summary>True while time is left and a rule exists.</summary>
    public bool IsArmed => (Ipv4 > TimeSpan.Zero || Ipv6 > TimeSpan.Zero) && (Forward ?? Input) is not null;
}
