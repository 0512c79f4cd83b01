namespace ConntrackConsole.Testing;

/// <summary>A /proc with IPVS's files, in the kernel's form: the kernel of the tests may have no IPVS.</summary>
internal sealed class FakeIpvs : IDisposable
{
    private const string Head = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n";

    /// <summary>Creates it with no Service, no connection, conntrack=1 and the given expire_nodest_conn.</summary>
    public FakeIpvs(bool expireNodestConn = false)
    {
        Directory.CreateDirectory(Proc + "/thread-self/net");
        Directory.CreateDirectory(Proc + "/sys/net/ipv4/vs");
        Set("conntrack", "1");
        Set("expire_nodest_conn", expireNodestConn ? "1" : "0");
        Services("");
        Connections("");
    }

    /// <summary>What replaces /proc.</summary>
    public string Proc { get; } = Directory.CreateTempSubdirectory("cctest-ipvs").FullName;

    /// <summary>Sets a switch of net.ipv4.vs.</summary>
    public void Set(string name, string value) => File.WriteAllText($"{Proc}/sys/net/ipv4/vs/{name}", value + "\n");

    /// <summary>Sets the lines of /proc/net/ip_vs after its head.</summary>
    public void Services(string lines) => File.WriteAllText(Proc + "/thread-self/net/ip_vs", Head + lines);

    /// <summary>Sets the lines of /proc/net/ip_vs_conn after its head.</summary>
    public void Connections(string lines) =>
        File.WriteAllText(Proc + "/thread-self/net/ip_vs_conn", "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n" + lines);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Proc, recursive: true);
}
