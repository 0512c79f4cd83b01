namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>
/// Whether IPVS is loaded: it changes the reply tuple of its connections without setting the status bit of a translation
/// (net/netfilter/ipvs/ip_vs_nfct.c), so that the bit proves nothing there.
/// </summary>
internal static class IpvsPresence
{
    private static volatile bool _loaded = Read();

    /// <summary>As of the last <see cref="Refresh"/>.</summary>
    public static bool IsLoaded => _loaded;

    /// <summary>Reads it again: kube-proxy may load the module at any time. Called once for each dump.</summary>
    public static void Refresh() => _loaded = Read();

    // A module belongs to the machine, not to a namespace, and every namespace has the file.
    private static bool Read() => File.Exists("/proc/net/ip_vs");
}
