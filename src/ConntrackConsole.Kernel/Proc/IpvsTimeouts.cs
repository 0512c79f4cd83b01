using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>
/// How long IPVS keeps its own connections, seconds. They have no file: getsockopt(IP_VS_SO_GET_TIMEOUT) tells them
/// (struct ip_vs_timeout_user, linux/ip_vs.h). It needs CAP_NET_ADMIN.
/// </summary>
/// <param name="Tcp">Established TCP.</param>
/// <param name="TcpFin">TCP after a FIN.</param>
/// <param name="Udp">UDP.</param>
public readonly record struct IpvsTimeouts(int Tcp, int TcpFin, int Udp)
{
    private const int IpvsGetTimeout = 64 + 1024 + 64 + 6; // IP_VS_BASE_CTL + 6

    /// <summary>True where the module is loaded: /proc/net/ip_vs is there.</summary>
    /// <param name="root">Usually /proc.</param>
    public static bool IsLoaded(string root = "/proc") => File.Exists(root + "/thread-self/net/ip_vs");

    /// <summary>Asks the kernel, for the calling thread's namespace.</summary>
    /// <returns>False where IPVS is not there or does not answer.</returns>
    public static bool TryRead(out IpvsTimeouts timeouts, string root = "/proc")
    {
        timeouts = default;
        if (!IsLoaded(root))
            return false;
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            Span<byte> answer = stackalloc byte[12];
            int length = socket.GetRawSocketOption(0, IpvsGetTimeout, answer);
            return TryParse(answer[..length], out timeouts);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Reads three ints in host order.</summary>
    public static bool TryParse(ReadOnlySpan<byte> answer, out IpvsTimeouts timeouts)
    {
        timeouts = default;
        if (answer.Length < 12)
            return false;
        timeouts = new IpvsTimeouts(
            MemoryMarshal.Read<int>(answer), MemoryMarshal.Read<int>(answer[4..]), MemoryMarshal.Read<int>(answer[8..]));
        return timeouts is { Tcp: >= 0, TcpFin: >= 0, Udp: >= 0 };
    }
}
