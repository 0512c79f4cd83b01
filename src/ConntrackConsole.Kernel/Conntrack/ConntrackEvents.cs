using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>The kind of change to an entry.</summary>
internal enum FlowEventKind
{
    /// <summary>Created.</summary>
    New,
    /// <summary>State, status or mark changed; a refreshed timeout or counter emits no event.</summary>
    Update,
    /// <summary>Removed.</summary>
    Destroy,
}

/// <summary>Receives one event. <paramref name="portId"/> is the netlink port that requested the change; 0 = the kernel itself.</summary>
internal delegate void FlowEventVisitor(FlowEventKind kind, in Flow flow, uint portId);

/// <summary>
/// The NEW, UPDATE and DESTROY events of a namespace's conntrack table. With net.netfilter.nf_conntrack_events=2 (the
/// kernel's default) only entries created while a listener exists emit events; older entries emit none.
/// </summary>
internal sealed class ConntrackEvents : IDisposable
{
    /// <summary>
    /// Limit of the receive queue in bytes (used only while events wait): at 100,000 NEW and DESTROY pairs per second it holds a
    /// quarter of a second, so a reader that waits for a CPU loses nothing.
    /// </summary>
    public const int DefaultQueueBytes = 32 * 1024 * 1024;

    // enum nfnetlink_groups
    private const int GroupNew = 1;
    private const int GroupUpdate = 2;
    private const int GroupDestroy = 3;

    private readonly NetlinkSocket _socket;

    private ConntrackEvents(NetlinkSocket socket) => _socket = socket;

    /// <summary>Starts listening in the calling thread's network namespace.</summary>
    /// <param name="queueBytes">Limit of the receive queue in bytes.</param>
    /// <exception cref="NetlinkException">EPERM without CAP_NET_ADMIN.</exception>
    public static ConntrackEvents Listen(int queueBytes = DefaultQueueBytes)
    {
        var socket = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        try
        {
            socket.SetReceiveQueue(queueBytes);
            socket.Join(GroupNew);
            socket.Join(GroupUpdate);
            socket.Join(GroupDestroy);
            return new ConntrackEvents(socket);
        }
        catch (NetlinkException)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for events and visits those that are queued, up to <see cref="NetlinkBatch.Capacity"/> datagrams.</summary>
    /// <param name="timeoutMs">Maximum wait in milliseconds; 0 = do not wait.</param>
    /// <param name="visitor">Called for each event, in the kernel's order.</param>
    /// <returns><see cref="ReceiveOutcome.Overrun"/> if events were lost: dump the table again.</returns>
    /// <exception cref="NetlinkException">The socket failed, or a message is malformed.</exception>
    public ReceiveOutcome Receive(int timeoutMs, FlowEventVisitor visitor)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        var outcome = _socket.ReceiveMany(timeoutMs, out var batch);
        if (outcome != ReceiveOutcome.Data)
            return outcome;
        for (int index = 0; index < batch.Count; index++)
            Visit(batch[index], visitor);
        return outcome;
    }

    private static void Visit(ReadOnlySpan<byte> datagram, FlowEventVisitor visitor)
    {
        foreach (var message in new NetlinkMessages(datagram))
        {
            FlowEventKind kind;
            switch (message.Type)
            {
                case CtMessage.Delete:
                    kind = FlowEventKind.Destroy;
                    break;
                case CtMessage.New:
                    kind = (message.Flags & NetlinkFlags.Create) != 0 ? FlowEventKind.New : FlowEventKind.Update;
                    break;
                default:
                    continue;
            }

            FlowReader.Read(message, out var flow);
            visitor(kind, in flow, message.PortId);
        }
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _socket.Dispose();
}
