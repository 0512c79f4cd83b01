namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>How long IPVS keeps its own connections, in seconds.</summary>
/// <param name="Tcp">Established TCP.</param>
/// <param name="TcpFin">TCP after a FIN.</param>
/// <param name="Udp">UDP.</param>
internal readonly record struct IpvsTimeouts(int Tcp, int TcpFin, int Udp)
{
    /// <summary>True if the module is loaded: it has its file, or its switches where that file cannot be seen.</summary>
    /// <param name="root">Normally /proc.</param>
    public static bool IsLoaded(string root = "/proc") =>
        Path.Exists(root + "/thread-self/net/ip_vs") || Directory.Exists(root + "/sys/net/ipv4/vs");

    /// <summary>Queries the kernel, for the calling thread's namespace; <see cref="IpvsConfig"/> also reports the reason of a failure.</summary>
    /// <returns>False if IPVS is not loaded or does not reply.</returns>
    public static bool TryRead(out IpvsTimeouts timeouts, string root = "/proc") =>
        IpvsConfig.TryRead(out timeouts, root) == IpvsFault.None;
}
