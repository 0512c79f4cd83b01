namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>How long IPVS keeps its own connections, seconds.</summary>
/// <param name="Tcp">Established TCP.</param>
/// <param name="TcpFin">TCP after a FIN.</param>
/// <param name="Udp">UDP.</param>
public readonly record struct IpvsTimeouts(int Tcp, int TcpFin, int Udp)
{
    /// <summary>True where the module is loaded: /proc/net/ip_vs is there.</summary>
    /// <param name="root">Usually /proc.</param>
    public static bool IsLoaded(string root = "/proc") => File.Exists(root + "/thread-self/net/ip_vs");

    /// <summary>Asks the kernel, for the calling thread's namespace; <see cref="IpvsConfig"/> also tells why not.</summary>
    /// <returns>False where IPVS is not there or does not answer.</returns>
    public static bool TryRead(out IpvsTimeouts timeouts, string root = "/proc") =>
        IpvsConfig.TryRead(out timeouts, root) == IpvsFault.None;
}
