namespace ConntrackConsole.Kernel.Netlink;

/// <summary>Families of generic netlink: the kernel numbers them as they are loaded, so each is resolved by name (linux/genetlink.h).</summary>
internal static class GenericFamily
{
    /// <summary>Length of struct genlmsghdr in bytes.</summary>
    public const int HeaderLength = 4;

    private const ushort Controller = 16; // GENL_ID_CTRL, the one fixed number
    private const byte GetFamily = 3;     // CTRL_CMD_GETFAMILY

    /// <summary>The request for a family's number.</summary>
    public static void Get(ref NetlinkWriter writer, uint sequence, string name)
    {
        writer.Begin(Controller, NetlinkFlags.Request | NetlinkFlags.Ack, sequence);
        writer.Raw([GetFamily, 1, 0, 0]); // struct genlmsghdr
        writer.Text(2, name);             // CTRL_ATTR_FAMILY_NAME
        writer.End();
    }

    /// <summary>Resolves a family's number. ENOENT if no family has this name.</summary>
    /// <remarks>For an unknown name the kernel tries to load a module: resolve only names that are known to exist.</remarks>
    public static Errno TryResolve(NetlinkSocket socket, string name, out ushort id)
    {
        id = 0;
        Span<byte> buffer = stackalloc byte[64];
        var writer = new NetlinkWriter(buffer);
        Get(ref writer, socket.NextSequence(), name);
        var answer = socket.Query(writer.Written);
        while (answer.MoveNext())
            id = IdIn(answer.Current);
        return answer.Error == Errno.Ok && id == 0 ? Errno.ENOENT : answer.Error;
    }

    /// <summary>The number in a message CTRL_CMD_NEWFAMILY; 0 if it contains none.</summary>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    public static ushort IdIn(NetlinkMessage message)
    {
        var attributes = message.Attributes(HeaderLength);
        while (attributes.MoveNext())
        {
            if (attributes.Type == 1) // CTRL_ATTR_FAMILY_ID, host order
                return attributes.U16Host();
        }

        return 0;
    }
}
