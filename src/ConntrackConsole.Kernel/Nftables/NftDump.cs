using ConntrackConsole.Kernel.Netlink;

namespace ConntrackConsole.Kernel.Nftables;

/// <summary>Lists a table's rules or a set's elements, in the calling thread's namespace.</summary>
internal static class NftDump
{
    private const int GetRule = 7, GetElement = 13;

    /// <summary>The rules of a table, or of one of its chains. Empty if the table or chain does not exist.</summary>
    public static Errno TryRules(NftFamily family, string table, string? chain, out List<byte[]> payloads) =>
        TryRead(GetRule, family, table, chain, out payloads);

    /// <summary>The elements of a set that have not expired. ENOENT if the table or set does not exist.</summary>
    public static Errno TryElements(NftFamily family, string table, string set, out List<byte[]> payloads) =>
        TryRead(GetElement, family, table, set, out payloads);

    /// <summary>The bytes of the request: in both messages attribute 1 is the table and attribute 2 its chain or set.</summary>
    internal static void Request(ref NetlinkWriter writer, uint sequence, int type, NftFamily family, string table, string? name)
    {
        writer.Begin((ushort)((NftBatch.SubsystemNftables << 8) | type), NetlinkFlags.Request | NetlinkFlags.Dump, sequence);
        writer.Raw([(byte)family, 0, 0, 0]); // struct nfgenmsg
        writer.Text(1, table);
        if (name is not null)
            writer.Text(2, name);
        writer.End();
    }

    private static Errno TryRead(int type, NftFamily family, string table, string? name, out List<byte[]> payloads)
    {
        payloads = [];
        using var socket = NetlinkSocket.Open(NetlinkFamily.Netfilter);
        Span<byte> buffer = stackalloc byte[256];
        for (int attempt = 0; attempt < 5; attempt++)
        {
            payloads.Clear();
            var writer = new NetlinkWriter(buffer);
            Request(ref writer, socket.NextSequence(), type, family, table, name);
            var answer = socket.Query(writer.Written);
            while (answer.MoveNext())
                payloads.Add(answer.Current.Payload.ToArray());
            if (answer.Error != Errno.Ok)
                return answer.Error;
            if (!answer.Interrupted)
                break; // Otherwise another program changed the rules meanwhile: kube-proxy does so often.
        }

        return Errno.Ok;
    }
}
