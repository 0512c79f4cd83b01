using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>Outcome of the deletion of one entry.</summary>
internal enum DeleteOutcome
{
    /// <summary>The kernel acknowledged.</summary>
    Deleted,
    /// <summary>ENOENT: the entry no longer exists (expired, closed, deleted by another program, or re-created with another id).</summary>
    AlreadyGone,
    /// <summary>Another error.</summary>
    Failed,
}

/// <summary>Receives one flow of a dump.</summary>
internal delegate void FlowVisitor(in Flow flow);

/// <summary>
/// The conntrack table of a network namespace through ctnetlink: dump, lookup, deletion of single entries, counters. Needs
/// CAP_NET_ADMIN. It offers no way to empty the table or to delete by a filter. Not thread-safe.
/// </summary>
internal sealed class ConntrackTable : IDisposable
{
    private readonly NetlinkSocket _socket;
    private bool _filterRefused;

    private delegate void FilteredDump(ref NetlinkWriter writer, uint sequence, Ip address);

    private ConntrackTable(NetlinkSocket socket) => _socket = socket;

    /// <summary>The netlink port of this handle: DESTROY events caused by its deletions carry it.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>Opens the table of the calling thread's network namespace.</summary>
    /// <exception cref="NetlinkException">The kernel refused to open a netfilter socket.</exception>
    public static ConntrackTable Open()
    {
        IpvsPresence.Refresh();
        return new(NetlinkSocket.Open(NetlinkFamily.Netfilter));
    }

    /// <summary>
    /// Visits every entry, IPv4 and IPv6. A dump is not a snapshot: entries created or removed meanwhile may or may not appear.
    /// </summary>
    /// <returns>True if the kernel reports that the table was resized during the dump: repeat it.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; ENOBUFS; a malformed reply.</exception>
    public bool Dump(FlowVisitor visitor)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        IpvsPresence.Refresh();
        Span<byte> buffer = stackalloc byte[64];
        var writer = new NetlinkWriter(buffer);
        FlowRequest.Dump(ref writer, _socket.NextSequence());
        var answer = _socket.Query(writer.Written);
        while (answer.MoveNext())
        {
            FlowReader.Read(answer.Current, out var flow);
            visitor(in flow);
        }

        ThrowIfRefused(answer.Error, "dump the conntrack table");
        return answer.Interrupted;
    }

    /// <summary>
    /// All entries with this source address in the reply tuple, which is where a Service flow has the pod's address. For IPv4 the
    /// kernel filters them (since 5.8); each is checked again here.
    /// </summary>
    /// <exception cref="NetlinkException">As <see cref="Dump"/>.</exception>
    public List<Flow> ListByReplySource(Ip replySource) =>
        ListFiltered(replySource, FlowRequest.DumpByReplySource, flow => flow.Reply.Src == replySource);

    /// <summary>
    /// All entries with this destination in the original tuple: a Service's flows by its VIP. For IPv4 the kernel filters them
    /// (since 5.8); each is checked again here.
    /// </summary>
    /// <exception cref="NetlinkException">As <see cref="Dump"/>.</exception>
    public List<Flow> ListByOriginalDestination(Ip vip) =>
        ListFiltered(vip, FlowRequest.DumpByOriginalDestination, flow => flow.Orig.Dst == vip);

    /// <summary>All entries for which <paramref name="wanted"/> is true; repeated while the kernel reports "interrupted", at most 5 times.</summary>
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

    /// <summary>Looks up one entry by the reply tuple and zone of its key: one message, independent of the table's size.</summary>
    /// <returns>The current entry (its id may differ from the key's), or null if it does not exist.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed reply.</exception>
    public Flow? Get(in FlowKey key)
    {
        if (!key.IsComplete)
            throw new ArgumentException("A lookup needs the full tuple of an observed entry.", nameof(key));
        return Get(key.Reply, key.Zone);
    }

    /// <summary>Looks up one entry by a reply tuple and zone.</summary>
    /// <returns>The entry, or null if it does not exist.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed reply.</exception>
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

    /// <summary>Looks up many entries, each by its own message, many messages per send.</summary>
    /// <param name="keys">Keys of the entries.</param>
    /// <param name="found">One element per key: the current entry, or null if it does not exist.</param>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; replies lost; a malformed reply.</exception>
    public void Get(ReadOnlySpan<FlowKey> keys, Span<Flow?> found) => FlowBatch.Get(_socket, keys, found);

    /// <summary>
    /// Looks up one entry by the tuple of its first packet: a client's connection, whatever its current backend.
    /// </summary>
    /// <returns>The entry, or null if it does not exist.</returns>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed reply.</exception>
    public Flow? GetByOriginal(in FlowTuple original, ushort zone)
    {
        Flow?[] found = [null];
        FlowBatch.GetByOriginal(_socket, [new FlowOrigin(original, zone)], found);
        return found[0];
    }

    /// <summary>As <see cref="GetByOriginal(in FlowTuple, ushort)"/> for many entries, many messages per send. Read-only.</summary>
    /// <param name="origins">Original tuples of the entries.</param>
    /// <param name="found">One element per origin: the current entry, or null if it does not exist.</param>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; replies lost; a malformed reply.</exception>
    public void GetByOriginal(ReadOnlySpan<FlowOrigin> origins, Span<Flow?> found) => FlowBatch.GetByOriginal(_socket, origins, found);

    /// <summary>Deletes exactly the entries identified by the keys, each by its own message, many messages per send.</summary>
    /// <param name="keys">Keys of <see cref="Flow"/>s that were read. An incomplete key fails the call before anything is sent.</param>
    /// <param name="errors">One element per key: <see cref="Errno.Ok"/> deleted, <see cref="Errno.ENOENT"/> already gone.</param>
    /// <exception cref="NetlinkException">Acknowledgements lost: which of the last 128 were deleted is unknown.</exception>
    public void Delete(ReadOnlySpan<FlowKey> keys, Span<Errno> errors) => FlowBatch.Delete(_socket, keys, errors);

    /// <summary>Deletes exactly the entry identified by <paramref name="key"/> (tuple, zone and id must all match).</summary>
    /// <param name="key">From a <see cref="Flow"/> that was read.</param>
    /// <param name="error">The kernel's error if the outcome is <see cref="DeleteOutcome.Failed"/>.</param>
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

    /// <summary>The sum of the per-CPU counters, and the number of entries.</summary>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN; a malformed reply.</exception>
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
                _filterRefused = true; // The kernel knows the attribute but does not support this use of it.
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
        string help = error == Errno.EPERM ? " CAP_NET_ADMIN is missing: run as root or grant the capability." : "";
        throw new NetlinkException(error, $"The kernel refused to {what}: {error.Describe()}.{help}");
    }
}
