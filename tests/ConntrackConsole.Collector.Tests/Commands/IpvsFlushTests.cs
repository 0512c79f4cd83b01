using ConntrackConsole.Collector.Commands.Flush;
using ConntrackConsole.Collector.Host;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Commands;

/// <summary>A flush of entries of connections that IPVS keeps as well: clients 10.1.0.1 and .2, Service 10.96.0.1:80, pod 10.244.0.1:8080.</summary>
public sealed class IpvsFlushTests : IDisposable
{
    private const string Pod = "10.244.0.1";
    private const string Entry =
        "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 250 -u SEEN_REPLY,ASSURED";
    private const string Kept =
        "TCP 0A010001 03E8 0A600001 0050 0AF40001 1F90 ESTABLISHED     897\nTCP 0A010002 03E8 0A600001 0050 0AF40001 1F90 ESTABLISHED     120\nTCP 0A010003 03E8 0A600001 0050 0AF40001 1F90 CLOSE_WAIT       58\n";
    private const string Service = "TCP  0A600001:0050 rr  \n  -> 0AF40002:1F90      Masq    1      0          0         \n";
    private const string Server = Service + "  -> 0AF40001:1F90      Masq    {0}      2          0         \n";

    private readonly ScratchNamespace _scratch = new();
    private readonly TemporaryDirectory _state = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public IpvsFlushTests() => ConntrackProgram.Load(_scratch.Inside, [Entry, Entry.Replace("10.1.0.1", "10.1.0.2"), Entry.Replace("10.1.0.1", "10.1.0.4")]);

    [Theory]
    [InlineData(null, false, "Hangs Hangs FailsFast", 2, 0)] // 10.1.0.4 is no connection of IPVS
    [InlineData(null, true, "FailsFast FailsFast FailsFast", 2, 0)]
    [InlineData("0", false, "Hangs Hangs FailsFast", 0, 2)] // still forwarded to a pod that is gone
    [InlineData("1", false, "Hangs Hangs FailsFast", 0, 0)]
    public void Preview_PredictsWhatIpvsDoes(string? weight, bool expires, string effects, int removed, int draining)
    {
        using var ipvs = new FakeIpvs(expires);
        ipvs.Services(weight is null ? Service : Server.Replace("{0}", weight));
        ipvs.Connections(Kept);

        var preview = Preview(Handler(ipvs));

        Assert.Equal(effects, string.Join(' ', preview.Entries.OrderBy(entry => entry.Src).Select(entry => entry.Effect)));
        Assert.Equal(new IpvsConnectionSummary(removed, draining, 2, removed > 0 ? 897 : 0, expires, true, false), preview.Ipvs);
    }

    [Theory]
    [InlineData(false, FlushReasons.IpvsKeeps, 2)]
    [InlineData(true, null, 0)]
    public void Flush_ServerRemoved_IsNoSuccessWhileIpvsKeepsTheConnections(bool expires, string? code, int kept)
    {
        using var ipvs = new FakeIpvs(expires);
        ipvs.Services(Service);
        ipvs.Connections(Kept);
        var handler = Handler(ipvs);

        var result = Flush(handler);

        Assert.Equal((3, 0, code, 2), (result.Deleted, result.Remaining, result.Code, result.Ipvs!.Removed));
        Assert.Equal(kept, _scratch.Inside.Run(() => handler.ReadOutcome(new FlushOutcomeRequest("f"))).IpvsKept);
    }

    [Theory]
    [InlineData("0", "", 2, 2, false)]
    [InlineData("1", "", 2, 2, false)]
    [InlineData("0", "unreadable\n", 2, 2, true)]
    [InlineData(null, "unreadable\n", 0, 0, true)] // none of its connections was read
    public void Flush_ConnectionsThatIpvsStillForwardsOrDidNotRead_IsNoSuccess(string? weight, string rest, int kept, int forwarded, bool unread)
    {
        using var ipvs = new FakeIpvs(expireNodestConn: true);
        ipvs.Services(Server.Replace("{0}", weight ?? "1"));
        ipvs.Connections((weight is null ? "" : Kept) + rest);
        var handler = Handler(ipvs);

        var result = Flush(handler);
        var sample = _scratch.Inside.Run(() => handler.ReadOutcome(new FlushOutcomeRequest("f")));

        Assert.Equal((3, 0, FlushReasons.IpvsKeeps), (result.Deleted, result.Remaining, result.Code));
        Assert.Equal((kept, forwarded, unread), (sample.IpvsKept, sample.IpvsForwarded, sample.IpvsUnread));
    }

    [Fact]
    public void Flush_IpvsCannotBeRead_IsNoSuccessAndSaysSo()
    {
        using var ipvs = new FakeIpvs(expireNodestConn: true);
        File.Delete(ipvs.Proc + "/thread-self/net/ip_vs_conn");
        var handler = Handler(ipvs);

        var preview = Preview(Handler(ipvs));
        Assert.True(preview.Ipvs?.Unreadable);
        Assert.All(preview.Entries, entry => Assert.Equal(FlushEffect.MayBreak, entry.Effect));
        var result = Flush(handler);
        var sample = _scratch.Inside.Run(() => handler.ReadOutcome(new FlushOutcomeRequest("f")));

        Assert.Equal((3, 0, FlushReasons.IpvsKeeps, true), (result.Deleted, result.Remaining, result.Code, sample.IpvsUnread));
        Assert.Contains("cannot be read", result.Ipvs!.Explain(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("read", true, "Reads")]
    [InlineData("absent", false, "not loaded")]
    [InlineData("unreadable", false, "cannot be read")]
    [InlineData("malformed", false, "does not begin as IPVS writes it")]
    public void Table_IsACapability(string state, bool available, string fragment)
    {
        using var ipvs = new FakeIpvs();
        if (state == "absent")
            Directory.Delete(ipvs.Proc + "/sys", recursive: true);
        if (state is "absent" or "unreadable")
            File.Delete(ipvs.Proc + "/thread-self/net/ip_vs");
        if (state == "malformed")
            File.WriteAllText(ipvs.Proc + "/thread-self/net/ip_vs_conn", "something else\n");

        var capability = Capabilities.IpvsTableOf(ipvs.Proc);

        Assert.Equal(("ipvs", available), (capability.Name, capability.Available));
        Assert.Contains(fragment, capability.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Preview_OfAScope_CountsItsConnectionsOnly()
    {
        using var ipvs = new FakeIpvs();
        ipvs.Connections(Kept + "UDP 0A010001 03E8 0A600001 0035 0AF40001 14E9 UDP             297\n");

        Assert.Equal(3, Preview(Handler(ipvs)).Ipvs!.Removed);
        Assert.Equal(1, Preview(Handler(ipvs), new FlushScope("udp", null, null)).Ipvs!.Removed);
        Assert.Equal(2, Preview(Handler(ipvs), new FlushScope(null, "10.96.0.1", 80)).Ipvs!.Removed);
        Assert.Null(Preview(Handler(ipvs), new FlushScope(null, "10.96.0.2", null)).Ipvs);
    }

    [Fact]
    public void Node_WithoutIpvs_SaysNothing()
    {
        using var proc = new TemporaryDirectory();

        Assert.Null(Preview(new FlushHandler("node1", _time, new ActionJournal(_state.Path), new Sysctl(), proc: proc.Path)).Ipvs);
    }

    [Theory]
    [InlineData("1", true, "have conntrack entries as well")]
    [InlineData("0", false, "its own table only")]
    [InlineData("x", false, "unknown")]
    public void Conntrack_IsACapability(string value, bool available, string fragment)
    {
        using var ipvs = new FakeIpvs();
        ipvs.Set("conntrack", value);

        var capability = Capabilities.IpvsConntrack(ipvs.Proc);

        Assert.Equal(("ipvs.conntrack", available), (capability.Name, capability.Available));
        Assert.Contains(fragment, capability.Detail, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _state.Dispose();
        _scratch.Dispose();
    }

    private FlushHandler Handler(FakeIpvs ipvs) => new("node1", _time, new ActionJournal(_state.Path), new Sysctl(), proc: ipvs.Proc);

    private OwnershipStatement Gone => new(Pod, OwnerState.Gone, null, _time.GetUtcNow().ToUnixTimeMilliseconds());

    private FlushPreview Preview(FlushHandler handler, FlushScope? scope = null) =>
        _scratch.Inside.Run(() => handler.Preview(new PreviewRequest("p", Pod, Gone, FlushPreset.All, scope)));

    private FlushResult Flush(FlushHandler handler)
    {
        string digest = Preview(handler).Digest;
        return _scratch.Inside.Run(() => handler.Flush(new FlushNodeCommand(new NodeCommand("f", "ada", null, "test", false, long.MaxValue), "p", digest, Gone)));
    }
}
