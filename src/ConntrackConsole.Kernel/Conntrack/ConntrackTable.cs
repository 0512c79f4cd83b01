
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>What became of the deletion of one entry.</summary>
public enum DeleteOutcome
{
    /// <summary>The kernel acknowledged.</summary>
    Deleted,
    /// <summary>ENOENT: no such entry any more (expired, closed, deleted by somebody else, or re-made with another id).</summary>
    AlreadyGone,
    /// <summary>Another error.</summary>
    Failed,
}

/// <summary>Takes a flow during a dump.</summary>
public delegate void FlowVisitor(in Flow flow);

/// <summary>
/// The conntrack table of a network namespace through ctnetlink: dump, look-up, deletion of single entries, counters. Needs
/// CAP_NET_ADMIN. There is no way to empty the table or to delete by a filter. Not for two threads at once.
/// </summary>
public sealed class ConntrackTable : IDisposable
{
    private readonly NetlinkSocket _socket;
    private bool _filterRefused;

    private delegate void FilteredDump(ref NetlinkWriter writer, uint sequence, Ip address);

    private ConntrackTable(NetlinkSocket socket) => _socket = socket;

    /// <summary>The netlink port of this handle: a DESTROY event that our deletion causes carries it.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>Opens the table of the calling thread's network namespace.</summary>
    /// <exception cref="NetlinkException">The kernel gives no netfilter socket.</exception>
    public static ConntrackTable Open() => new(NetlinkSocket.Open(NetlinkFamily.Netfilter));

    /// <summary>
    /// Visits every entry, IPv4 and IPv6. A dump is not a snapshot: entries made or removed meanwhile may or may not come.
    /// </summary>
    /// <returns>True where the kernel says that the table was resized under the dump, so that it must be repeated.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; ENOBUFS; a malformed answer.</exception>
    public bool Dump(FlowVisitor visitor)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        Span<byte> buffer = stackalloc byte[64];
        var writer = new NetlinkWriter(buffer);
        FlowRequest.Dump(ref writer, _socket.NextSequence());
        var answer = _socket.Query(writer.Written);
        while (answer.MoveNext())
        {
            var flow = FlowReader.Read(answer.Current);
            visitor(in flow);
        }

        ThrowIfRefused(answer.Error, "dump the conntrack table");
        return answer.Interrupted;
    }

    /// <summary>
    /// All entries whose answers come from this address: where a pod's address stands in a Service's flow. For IPv4 the kernel
    /// picks them out (from 5.8 on), and each is checked again here.
    /// </summary>
    /// <exception cref="NetlinkException">As <see cref="Dump"/>.</exception>
    public List<Flow> ListByReplySource(Ip replySource) =>
        ListFiltered(replySource, FlowRequest.DumpByReplySource, flow => flow.Reply.Src == replySource);

    /// <summary>
    /// All entries whose first packet went to this address: a Service's flows by its VIP. For IPv4 the kernel picks them out
    /// (from 5.8 on), and each is checked again here.
    /// </summary>
    /// <exception cref="NetlinkException">As <see cref="Dump"/>.</exception>
    public List<Flow> ListByOriginalDestination(Ip vip) =>
        ListFiltered(vip, FlowRequest.DumpByOriginalDestination, flow => flow.Orig.Dst == vip);

    /// <summary>All entries for which <paramref name="wanted"/> is true; repeated while the kernel says "interrupted", 5 times at most.</summary>
    /// <exception cref="NetlinkException">As <see cref="Dump"/>.</exception>
    public List<Flow> List(Func<Flow, bool> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var flows = new List<Flow>();
        for (int attempt = 0; attempt < 5; attempt++)
        {
            flows.Clear();
            if (!Dump((in Flow flow) =>
            {
                if (wanted(flow))
                    flows.Add(flow);
            }))
            {
                break;
            }
        }

        return flows;
    }

    /// <summary>Looks one entry up by the reply tuple and zone of its key: one message, independent of the table's size.</summary>
    /// <returns>The entry now (its id may differ from the key's), or null where there is none.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed answer.</exception>
    public Flow? Get(in FlowKey key)
    {
        if (!key.IsComplete)
            throw new ArgumentException("A look-up needs the full tuple of an entry that was seen.", nameof(key));
        return Get(key.Reply, key.Zone);
    }

    /// <summary>Looks one entry up by a reply tuple and zone.</summary>
    /// <returns>The entry, or null where there is none.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed answer.</exception>
    public Flow? Get(in FlowTuple reply, ushort zone)
    {
        Span<byte> buffer = stackalloc byte[192];
        var writer = new NetlinkWriter(buffer);
        FlowRequest.Get(ref writer, _socket.NextSequence(), in reply, CtAttribute.TupleReply, zone);
        var answer = _socket.Query(writer.Written);
        Flow? found = null;
        while (answer.MoveNext())
            found = FlowReader.Read(answer.Current);
        if (answer.Error == Errno.ENOENT)
            return null;
        ThrowIfRefused(answer.Error, "look up a conntrack entry");
        return found;
    }

    /// <summary>Looks many entries up, each by its own message, many messages in one send.</summary>
    /// <param name="keys">Which.</param>
    /// <param name="found">One place a key: the entry now, or null where there is none.</param>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; answers lost; a malformed answer.</exception>
    public void Get(ReadOnlySpan<FlowKey> keys, Span<Flow?> found) => FlowBatch.Get(_socket, keys, found);

    /// <summary>
    /// Looks one entry up by the tuple of its first packet: what became of a client's connection, whatever backend it has now.
    /// </summary>
    /// <returns>The entry, or null where there is none.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed answer.</exception>
    public Flow? GetByOriginal(in FlowTuple original, ushort zone)
    {
        Flow?[] found = [null];
        FlowBatch.GetByOriginal(_socket, [new FlowOrigin(original, zone)], found);
        return found[0];
    }

    /// <summary>As <see cref="GetByOriginal(in FlowTuple, ushort)"/> for many, many messages in one send. It only reads.</summary>
    /// <param name="origins">Which.</param>
    /// <param name="found">One place an origin: the entry now, or null where there is none.</param>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; answers lost; a malformed answer.</exception>
    public void GetByOriginal(ReadOnlySpan<FlowOrigin> origins, Span<Flow?> found) => FlowBatch.GetByOriginal(_socket, origins, found);

    /// <summary>Deletes exactly the entries that the keys name, each by its own message, many messages in one send.</summary>
    /// <param name="keys">From <see cref="Flow"/>s that were read. An incomplete one stops the call before anything is sent.</param>
    /// <param name="errors">One place a key: <see cref="Errno.Ok"/> deleted, <see cref="Errno.ENOENT"/> gone already.</param>
    /// <exception cref="NetlinkException">Acknowledgements lost: which of the last 128 were deleted is unknown.</exception>
    public void Delete(ReadOnlySpan<FlowKey> keys, Span<Errno> errors) => FlowBatch.Delete(_socket, keys, errors);

    /// <summary>Deletes exactly the entry that <paramref name="key"/> names (tuple, zone and id must all match).</summary>
    /// <param name="key">From a <see cref="Flow"/> that was read.</param>
    /// <param name="error">The kernel's error, where the outcome is <see cref="DeleteOutcome.Failed"/>.</param>
    public DeleteOutcome Delete(in FlowKey key, out Errno error)
    {
        Span<byte> buffer = stackalloc byte[192];
        var writer = new NetlinkWriter(buffer);
        FlowRequest.Delete(ref writer, _socket.NextSequence(), in key);
        error = _socket.TryExecute(writer.Written);
        return error switch
        {
            Errno.Ok => DeleteOutcome.Deleted,
            Errno.ENOENT => DeleteOutcome.AlreadyGone,
            _ => DeleteOutcome.Failed,
        };
    }

    /// <summary>The per-CPU counters summed, and the table's fill.</summary>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed answer.</exception>
    public ConntrackStats Stats()
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new NetlinkWriter(buffer);
        FlowRequest.StatsCpu(ref writer, _socket.NextSequence());
        var stats = default(ConntrackStats);
        var cpus = _socket.Query(writer.Written);
        while (cpus.MoveNext())
            stats = stats.PlusCpu(cpus.Current.Attributes(FlowReader.HeaderLength));
        ThrowIfRefused(cpus.Error, "read the conntrack counters");

        writer = new NetlinkWriter(buffer);
        FlowRequest.Stats(ref writer, _socket.NextSequence());
        var global = _socket.Query(writer.Written);
        while (global.MoveNext())
            stats = stats.WithFill(global.Current.Attributes(FlowReader.HeaderLength));
        ThrowIfRefused(global.Error, "read the conntrack table's size");
        return stats;
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();

    private List<Flow> ListFiltered(Ip address, FilteredDump request, Func<Flow, bool> wanted)
    {
        if (!address.IsV4 || _filterRefused)
            return List(wanted);
        var flows = new List<Flow>();
        Span<byte> buffer = stackalloc byte[128];
        for (int attempt = 0; attempt < 5; attempt++)
        {
            flows.Clear();
            var writer = new NetlinkWriter(buffer);
            request(ref writer, _socket.NextSequence(), address);
            var answer = _socket.Query(writer.Written);
            while (answer.MoveNext())
            {
                var flow = FlowReader.Read(answer.Current);
                if (wanted(flow))
                    flows.Add(flow);
            }

            if (answer.Error is Errno.EOPNOTSUPP or Errno.EINVAL)
            {
                _filterRefused = true; // A kernel that knows the attribute but not this use of it.
                return List(wanted);
            }

            ThrowIfRefused(answer.Error, "dump the conntrack table");
            if (!answer.Interrupted)
                break;
        }

        return flows;
    }

    private static void ThrowIfRefused(Errno error, string what)
    {
        if (error == Errno.Ok)
            return;
        string help = error == Errno.EPERM ? " CAP_NET_ADMIN is missing: run as root or give the capability." : "";
        throw new NetlinkException(error, $"The kernel refused to {what}: {error.Describe()}.{help}");
    }
}
