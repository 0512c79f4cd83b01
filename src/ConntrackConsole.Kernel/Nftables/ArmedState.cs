namespace ConntrackConsole.Kernel.Nftables;

/// <summary>What the kernel has of an <see cref="ArmedFilter"/>.</summary>
/// <param name="Ipv4">How long INVALID packets of IPv4 are still dropped; zero when that is over, TimeSpan.MaxValue where
/// somebody else made it last for ever.</param>
/// <param name="Ipv6">The same of IPv6.</param>
/// <param name="Forward">What was dropped of the packets that go through; null where somebody took the rule away.</param>
/// <param name="Input">What was dropped of the packets for the node itself; null where that was not asked for.</param>
public readonly record struct ArmedState(TimeSpan Ipv4, TimeSpan Ipv6, NftCount? Forward, NftCount? Input)
{
    /// <summary>True while there is time left and a rule to use it.</summary>
    public bool IsArmed => (Ipv4 > TimeSpan.Zero || Ipv6 > TimeSpan.Zero) && (Forward ?? Input) is not null;
}
