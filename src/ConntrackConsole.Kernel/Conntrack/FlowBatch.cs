using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Conntrack;

/// <summary>
/// Many requests about single entries in one send. The kernel processes a datagram message by message and replies to each with
/// its sequence number, so every entry has its own result; batching saves only system calls.
/// </summary>
internal static class FlowBatch
{
    /// <summary>
    /// Requests per send. Their replies wait in the socket's queue, at about 1 KiB each including the kernel's overhead, within
    /// the default limit of 208 KiB.
    /// </summary>
    public const int Chunk = 128;

    private const int TimeoutMs = 30_000;
    private const int MaxRequestBytes = 160;

    private delegate void Writing<T>(ref NetlinkWriter writer, uint sequence, in T named);

    public static void Get(NetlinkSocket socket, ReadOnlySpan<FlowKey> keys, Span<Flow?> found)
    {
        Check(keys, found.Length);
        // No acknowledgement requested: an existing entry is the reply, a missing one yields an error.
        Lookup(socket, keys, found, static (ref NetlinkWriter writer, uint sequence, in FlowKey key) =>
            FlowRequest.Get(ref writer, sequence, key.Reply, CtAttribute.TupleReply, key.Zone, NetlinkFlags.None));
    }

    public static void GetByOriginal(NetlinkSocket socket, ReadOnlySpan<FlowOrigin> origins, Span<Flow?> found)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(found.Length, origins.Length);
        foreach (ref readonly var origin in origins)
        {
            if (!origin.IsComplete)
                throw new ArgumentException("A lookup needs the full tuple of an entry.", nameof(origins));
        }

        Lookup(socket, origins, found, static (ref NetlinkWriter writer, uint sequence, in FlowOrigin origin) =>
            FlowRequest.Get(ref writer, sequence, origin.Tuple, CtAttribute.TupleOrig, origin.Zone, NetlinkFlags.None));

        // The kernel searches one table of both directions: the entry it finds may have this tuple as its reply tuple.
        for (int index = 0; index < origins.Length; index++)
        {
            if (found[index] is { } flow && flow.Orig != origins[index].Tuple)
                found[index] = null;
        }
    }

    public static void Delete(NetlinkSocket socket, ReadOnlySpan<FlowKey> keys, Span<Errno> errors)
    {
        Check(keys, errors.Length);
        var buffer = new byte[Chunk * MaxRequestBytes];
        for (int start = 0; start < keys.Length; start += Chunk)
        {
            var chunk = keys.Slice(start, Math.Min(Chunk, keys.Length - start));
            uint first = 0;
            var writer = new NetlinkWriter(buffer);
            for (int index = 0; index < chunk.Length; index++)
            {
                uint sequence = socket.NextSequence();
                first = index == 0 ? sequence : first;
                FlowRequest.Delete(ref writer, sequence, in chunk[index]);
            }

            socket.Send(writer.Written);
            for (int left = chunk.Length; left > 0;)
            {
                var batch = Receive(socket);
                for (int datagram = 0; datagram < batch.Count; datagram++)
                {
                    foreach (var message in new NetlinkMessages(batch[datagram]))
                    {
                        uint place = message.Sequence - first;
                        if (place >= (uint)chunk.Length || message.Type != NetlinkMessage.TypeError)
                            continue;
                        left--;
                        errors[start + (int)place] = ErrorOf(message);
                    }
                }
            }
        }
    }

    private static void Lookup<T>(NetlinkSocket socket, ReadOnlySpan<T> named, Span<Flow?> found, Writing<T> write)
    {
        var buffer = new byte[Math.Min(Chunk, named.Length) * MaxRequestBytes];
        for (int start = 0; start < named.Length; start += Chunk)
        {
            var chunk = named.Slice(start, Math.Min(Chunk, named.Length - start));
            uint first = 0;
            var writer = new NetlinkWriter(buffer);
            for (int index = 0; index < chunk.Length; index++)
            {
                uint sequence = socket.NextSequence();
                first = index == 0 ? sequence : first;
                write(ref writer, sequence, in chunk[index]);
            }

            socket.Send(writer.Written);
            var results = found.Slice(start, chunk.Length);
            results.Clear();
            for (int left = chunk.Length; left > 0;)
            {
                var batch = Receive(socket);
                for (int datagram = 0; datagram < batch.Count; datagram++)
                {
                    foreach (var message in new NetlinkMessages(batch[datagram]))
                    {
                        uint place = message.Sequence - first;
                        if (place >= (uint)chunk.Length)
                            continue; // Remainder of an earlier reply.
                        left--;
                        if (message.Type != NetlinkMessage.TypeError)
                            results[(int)place] = FlowReader.Read(message);
                        else if (ErrorOf(message) is not (Errno.ENOENT or Errno.Ok) and var error)
                            throw new NetlinkException(error, $"The kernel refused to look up a conntrack entry: {error.Describe()}.");
                    }
                }
            }
        }
    }

    private static void Check(ReadOnlySpan<FlowKey> keys, int places)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(places, keys.Length);
        foreach (ref readonly var key in keys)
        {
            if (!key.IsComplete)
                throw new ArgumentException("A request needs the full tuple of an observed entry.", nameof(keys));
        }
    }

    private static Errno ErrorOf(in NetlinkMessage message) =>
        message.Payload.Length >= 4 ? (Errno)(-MemoryMarshal.Read<int>(message.Payload)) : Errno.EINVAL;

    private static NetlinkBatch Receive(NetlinkSocket socket) => socket.ReceiveMany(TimeoutMs, out var batch) switch
    {
        ReceiveOutcome.Data => batch,
        ReceiveOutcome.Overrun => throw new NetlinkException(Errno.ENOBUFS, "The kernel dropped replies about conntrack entries (ENOBUFS)."),
        _ => throw new NetlinkException(Errno.Ok, "The kernel did not reply about conntrack entries within 30 s."),
    };
}
