using System.Runtime.InteropServices;

namespace ConntrackConsole.Kernel.Netlink;

/// <summary>
/// Enumerates the messages that answer one request, across datagrams, until NLMSG_DONE, an acknowledgement or an error. After
/// the enumeration <see cref="Error"/> contains the kernel's error.
/// </summary>
internal ref struct NetlinkAnswer
{
    private const int TimeoutMs = 30_000;

    private readonly NetlinkSocket _socket;
    private readonly uint _sequence;
    private NetlinkMessages _messages;
    private bool _ended;

    internal NetlinkAnswer(NetlinkSocket socket, uint sequence)
    {
        _socket = socket;
        _sequence = sequence;
    }

    /// <summary>The current message; valid until the next <see cref="MoveNext"/>.</summary>
    public readonly NetlinkMessage Current => _messages.Current;

    /// <summary>The kernel's error, <see cref="Errno.Ok"/> after success.</summary>
    public Errno Error { get; private set; }

    /// <summary>True if the table changed during the dump (NLM_F_DUMP_INTR): repeat it.</summary>
    public bool Interrupted { get; private set; }

    /// <summary>Moves to the next message of the reply.</summary>
    /// <exception cref="NetlinkException">No reply within 30 s, messages lost, or a malformed reply.</exception>
    public bool MoveNext()
    {
        while (!_ended)
        {
            if (!_messages.MoveNext())
            {
                switch (_socket.Receive(TimeoutMs, out var datagram))
                {
                    case ReceiveOutcome.Data:
                        _messages = new NetlinkMessages(datagram);
                        continue;
                    case ReceiveOutcome.Overrun:
                        throw new NetlinkException(Errno.ENOBUFS, "The kernel dropped part of a netlink reply (ENOBUFS).");
                    default:
                        throw new NetlinkException(Errno.Ok, "The kernel did not reply to a netlink request within 30 s.");
                }
            }

            var message = _messages.Current;
            if (message.Sequence != _sequence)
                continue; // Remainder of a reply that an earlier caller did not read to its end.
            if ((message.Flags & NetlinkFlags.DumpInterrupted) != 0)
                Interrupted = true;
            switch (message.Type)
            {
                case NetlinkMessage.TypeNoop:
                    continue;
                case NetlinkMessage.TypeDone:
                case NetlinkMessage.TypeError:
                    // Both contain a negative errno; a DONE of old kernels may be empty.
                    if (message.Payload.Length >= 4)
                        Error = (Errno)(-MemoryMarshal.Read<int>(message.Payload));
                    _ended = true;
                    return false;
                case NetlinkMessage.TypeOverrun:
                    throw new NetlinkException(Errno.ENOBUFS, "The kernel dropped part of a netlink reply (NLMSG_OVERRUN).");
                default:
                    // A reply of one message without NLM_F_MULTI ends with the requested ACK.
                    return true;
            }
        }

        return false;
    }
}
