namespace ConntrackConsole.Kernel.Ipvs;

/// <summary>The switches of IPVS (net.ipv4.vs.*) that decide what happens to connections, in the calling thread's namespace.</summary>
/// <param name="Conntrack">True: IPVS's connections also have conntrack entries. False: they are in its own table only. Null: unknown.</param>
/// <param name="ExpireNodestConn">
/// True: a connection to a removed server is ended, with its conntrack entry, by its next packet. False: its packets are dropped
/// until it times out. Null: unknown.
/// </param>
internal readonly record struct IpvsSwitches(bool? Conntrack, bool? ExpireNodestConn)
{
    /// <summary>Reads them.</summary>
    /// <param name="root">Normally /proc.</param>
    public static IpvsSwitches Read(string root = "/proc") => new(Switch(root, "conntrack"), Switch(root, "expire_nodest_conn"));

    private static bool? Switch(string root, string name)
    {
        try
        {
            // A file of procfs has no length, and one that is not the kernel's may have any.
            using var file = new FileStream($"{root}/sys/net/ipv4/vs/{name}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            Span<byte> text = stackalloc byte[16];
            return ((ReadOnlySpan<byte>)text[..file.Read(text)]).Trim(" \t\n"u8) is [var digit] && digit is (byte)'0' or (byte)'1' ? digit == (byte)'1' : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
