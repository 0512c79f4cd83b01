using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>Why IPVS's timeouts could not be read or written.</summary>
internal enum IpvsFault
{
    /// <summary>No error.</summary>
    None,
    /// <summary>IPVS is not loaded.</summary>
    Absent,
    /// <summary>CAP_NET_ADMIN is missing.</summary>
    NoPermission,
    /// <summary>A value is out of range, or the kernel rejected it as such.</summary>
    OutOfRange,
    /// <summary>The kernel's reply is malformed.</summary>
    Malformed,
    /// <summary>Any other error of the kernel.</summary>
    Failed,
}

/// <summary>
/// The timeouts of IPVS in the calling thread's namespace, through generic netlink; no file exposes them. Needs CAP_NET_ADMIN.
/// </summary>
internal static class IpvsConfig
{
    /// <summary>Minimum timeout that may be written, in seconds: the kernel interprets 0 as "unchanged".</summary>
    public const int MinTimeoutSeconds = 1;

    /// <summary>Maximum timeout that may be written, in seconds: the kernel keeps jiffies in an int, at up to 1000 per second.</summary>
    public const int MaxTimeoutSeconds = 2_000_000;

    // The longest reply is the family's description, some 500 bytes.
    private const int BufferLength = 8192;

    /// <summary>Reads them.</summary>
    /// <param name="timeouts">The timeouts if the result is <see cref="IpvsFault.None"/>.</param>
    /// <param name="proc">Normally /proc.</param>
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

    /// <summary>Writes all three; they apply to a connection from its next packet on.</summary>
    /// <param name="timeouts">Each from <see cref="MinTimeoutSeconds"/> to <see cref="MaxTimeoutSeconds"/>.</param>
    /// <param name="proc">Normally /proc.</param>
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

    /// <summary>The message for a fault, with what to do.</summary>
    public static string Explain(IpvsFault fault) => fault switch
    {
        IpvsFault.None => "The IPVS timeouts were read or written.",
        IpvsFault.Absent => "IPVS is not loaded on this node, so it has no timeouts: kube-proxy runs in another mode.",
        IpvsFault.NoPermission => "This process may not read or write the IPVS timeouts: grant it CAP_NET_ADMIN.",
        IpvsFault.OutOfRange => $"An IPVS timeout must be a whole number of seconds from {MinTimeoutSeconds} to {MaxTimeoutSeconds}.",
        IpvsFault.Malformed => "The kernel's reply with the IPVS timeouts is malformed: read them with ipvsadm -l --timeout.",
        _ => "The IPVS timeouts could not be read or written: check the kernel log, and try ipvsadm -l --timeout.",
    };

    // Check the file first: the kernel loads the module when a process resolves the family's name.
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

    private static bool IsWritable(int seconds) => seconds is >= MinTimeoutSeconds and <= MaxTimeoutSeconds;

    // No error number: the kernel's reply was malformed.
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
