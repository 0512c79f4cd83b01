
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>Why IPVS's timeouts could not be read or written.</summary>
public enum IpvsFault
{
    /// <summary>They could.</summary>
    None,
    /// <summary>IPVS is not loaded here.</summary>
    Absent,
    /// <summary>CAP_NET_ADMIN is missing.</summary>
    NoPermission,
    /// <summary>A value is outside the range, or the kernel refused it as such.</summary>
    OutOfRange,
    /// <summary>The kernel's answer was not understood.</summary>
    Malformed,
    /// <summary>The kernel failed for another reason.</summary>
    Failed,
}

/// <summary>
/// The timeouts of IPVS in the calling thread's namespace, through generic netlink; they have no file. Needs CAP_NET_ADMIN.
/// </summary>
public static class IpvsConfig
{
    /// <summary>The shortest timeout that may be written, seconds: the kernel takes 0 as "leave it".</summary>
    public const int Shortest = 1;

    /// <summary>The longest timeout that may be written, seconds: the kernel keeps jiffies in an int, at up to 1000 a second.</summary>
    public const int Longest = 2_000_000;

    // The longest answer is the family's description, some 500 bytes.
    private const int BufferLength = 8192;

    /// <summary>Reads them.</summary>
    /// <param name="timeouts">The timeouts, where the answer is <see cref="IpvsFault.None"/>.</param>
    /// <param name="proc">Usually /proc.</param>
    public static IpvsFault TryRead(out IpvsTimeouts timeouts, string proc = "/proc")
    {
        timeouts = default;
        var fault = TryOpen(proc, out var socket, out ushort family);
        if (socket is null)
            return fault;
        using (socket)
        {
            try
            {
                Span<byte> buffer = stackalloc byte[32];
                var writer = new NetlinkWriter(buffer);
                IpvsRequest.Get(ref writer, family, socket.NextSequence());
                var answer = socket.Query(writer.Written);
                bool understood = false;
                while (answer.MoveNext())
                    understood = IpvsRequest.TryRead(answer.Current.Payload, out timeouts);
                return answer.Error != Errno.Ok ? FaultOf(answer.Error) : understood ? IpvsFault.None : IpvsFault.Malformed;
            }
            catch (NetlinkException failure)
            {
                return FaultOf(failure);
            }
        }
    }

    /// <summary>Writes all three; they count for connections whose next packet comes from now on.</summary>
    /// <param name="timeouts">Each from <see cref="Shortest"/> to <see cref="Longest"/>.</param>
    /// <param name="proc">Usually /proc.</param>
    public static IpvsFault TryWrite(IpvsTimeouts timeouts, string proc = "/proc")
    {
        if (!IsWritable(timeouts.Tcp) || !IsWritable(timeouts.TcpFin) || !IsWritable(timeouts.Udp))
            return IpvsFault.OutOfRange;
        var fault = TryOpen(proc, out var socket, out ushort family);
        if (socket is null)
            return fault;
        using (socket)
        {
            try
            {
                Span<byte> buffer = stackalloc byte[64];
                var writer = new NetlinkWriter(buffer);
                IpvsRequest.Set(ref writer, family, socket.NextSequence(), timeouts);
                return FaultOf(socket.TryExecute(writer.Written));
            }
            catch (NetlinkException failure)
            {
                return FaultOf(failure);
            }
        }
    }

    /// <summary>The sentence for a fault, with what to do.</summary>
    public static string Explain(IpvsFault fault) => fault switch
    {
        IpvsFault.None => "The timeouts of IPVS were read or written.",
        IpvsFault.Absent => "IPVS is not loaded on this node, so there are no timeouts: kube-proxy runs in another mode here.",
        IpvsFault.NoPermission => "The timeouts of IPVS may not be read or written by this process: give it CAP_NET_ADMIN.",
        IpvsFault.OutOfRange => $"A timeout of IPVS takes whole seconds from {Shortest} to {Longest}.",
        IpvsFault.Malformed => "The kernel's answer about the timeouts of IPVS was not understood: read them with ipvsadm -l --timeout.",
        _ => "The timeouts of IPVS could not be read or written: see the kernel's log, and try ipvsadm -l --timeout.",
    };

    // The file first: the kernel would load the module for whoever asks for the family by its name.
    private static IpvsFault TryOpen(string proc, out NetlinkSocket? socket, out ushort family)
    {
        socket = null;
        family = 0;
        if (!IpvsTimeouts.IsLoaded(proc))
            return IpvsFault.Absent;
        NetlinkSocket? opened = null;
        try
        {
            opened = NetlinkSocket.Open(NetlinkFamily.Generic, BufferLength);
            var error = GenericFamily.TryResolve(opened, IpvsRequest.Family, out family);
            if (error == Errno.Ok)
                (socket, opened) = (opened, null);
            return error == Errno.ENOENT ? IpvsFault.Absent : FaultOf(error);
        }
        catch (NetlinkException failure)
        {
            return FaultOf(failure);
        }
        finally
        {
            opened?.Dispose();
        }
    }

    private static bool IsWritable(int seconds) => seconds is >= Shortest and <= Longest;

    // Without an error number the kernel's answer made no sense.
    private static IpvsFault FaultOf(NetlinkException failure) =>
        failure.Errno == Errno.Ok ? IpvsFault.Malformed : FaultOf(failure.Errno);

    private static IpvsFault FaultOf(Errno error) => error switch
    {
        Errno.Ok => IpvsFault.None,
        Errno.EPERM => IpvsFault.NoPermission,
        Errno.EINVAL or Errno.ERANGE => IpvsFault.OutOfRange,
        _ => IpvsFault.Failed,
    };
}
