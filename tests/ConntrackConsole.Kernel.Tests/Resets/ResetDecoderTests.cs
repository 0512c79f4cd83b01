using System.Buffers.Binary;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Resets;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Resets;

[Trait("Category", "Parser")]
public sealed class ResetDecoderTests
{
    private static readonly Ip Server = Ip.Parse("10.203.250.1");
    private static readonly Ip Client = Ip.Parse("10.203.250.2");
    private static readonly Ip Both = Ip.Parse("fd00:203:fa::1");

    // Recorded: a connect to a closed port, SO_LINGER 0 by the client, close with unread data by the server (plain, on a
    // dual-stack socket, IPv6). The sender's and the receiver's record of one reset must contain the same packet.
    [Fact]
    public void Record_OfARefusedConnect_NamesTheRefusingSideAsTheSource() =>
        AssertBoth("refused.page", Server, 81, Client, 51459, TcpState.Unknown, "NO_SOCKET");

    [Fact]
    public void Record_OfAClientsAbort_NamesTheClientAsTheSource() =>
        AssertBoth("linger-abort.page", Client, 58879, Server, 8080, TcpState.Close, "TCP_STATE");

    [Fact]
    public void Record_OfAServerWithUnreadData_NamesTheServerAsTheSource() =>
        AssertBoth("unread-data.page", Server, 8080, Client, 57975, TcpState.Close, "TCP_ABORT_ON_CLOSE");

    [Fact]
    public void Record_OfADualStackSocket_ShowsIpv4() =>
        AssertBoth("unread-data-v4mapped.page", Server, 8081, Client, 42265, TcpState.Close, "TCP_ABORT_ON_CLOSE");

    [Fact]
    public void Record_OfIpv6_ShowsIpv6() =>
        AssertBoth("unread-data-v6.page", Both, 8081, Both, 53034, TcpState.Close, "TCP_ABORT_ON_CLOSE");

    [Fact]
    public void Record_OfAListener_IsNotPlaced()
    {
        var reset = Assert.Single(Decode("stray-ack-to-listener.page"));
        Assert.Equal(TcpState.Listen, reset.State);
        Assert.Equal(8080, reset.Sport);
        Assert.False(reset.IsPlaced);
    }

    [Fact]
    public void Record_OfAnOlderKernel_IsDecodedWithoutAReason()
    {
        Assert.True(ResetDecoder.TryCreate(Older, out var decoder, out _));
        var record = new byte[72];
        BinaryPrimitives.WriteUInt16LittleEndian(record, 1385);
        record[24] = (byte)TcpState.CloseWait;
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(28), 8080);
        BinaryPrimitives.WriteUInt16LittleEndian(record.AsSpan(30), 40000);
        byte[] mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 203, 250, 1];
        mapped.CopyTo(record, 40);
        mapped.CopyTo(record, 56);
        record[71] = 2;

        Assert.True(decoder.TryDecode(record, 5, out var reset));
        Assert.Equal(new ResetRecord(5, false, Server, 8080, Client, 40000, TcpState.CloseWait, 0), reset);
        Assert.False(decoder.HasReasons);
        Assert.Null(decoder.ReasonName(0));
        Assert.False(decoder.TryDecode(record.AsSpan(0, 71), 5, out _));
    }

    [Fact]
    public void Record_OfAnotherEvent_IsNoReset()
    {
        Assert.True(ResetDecoder.TryCreate(ThisKernel, out var decoder, out _));
        Assert.False(decoder.TryDecode(new byte[200], 0, out _));
        Assert.False(decoder.TryDecode([1], 0, out _));
    }

    [Fact]
    public void Records_AreDecodedWithoutAllocation()
    {
        Assert.True(ResetDecoder.TryCreate(ThisKernel, out var decoder, out _));
        byte[] bytes = Fixture.Bytes("lost.page");
        Assert.Equal(48, Count(decoder, bytes)); // and everything is compiled
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            Count(decoder, bytes);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static int Count(ResetDecoder decoder, byte[] bytes)
        {
            int records = 0;
            var page = new TracePage(bytes, new TracePageLayout(0, 8, 16, 8));
            while (page.MoveNext())
                records += decoder.TryDecode(page.Record, 0, out var reset) && reset.IsPlaced ? 1 : 0;
            return records;
        }
    }

    [Fact]
    public void Decoder_WithoutTheTracepoint_ReportsIt()
    {
        Assert.False(ResetDecoder.TryCreate(_ => null, out _, out string? why));
        Assert.Contains("no tracepoint tcp/tcp_send_reset", why, StringComparison.Ordinal);
    }

    private static string? ThisKernel(string path) =>
        Fixture.Text(path.Contains("tcp_send_reset", StringComparison.Ordinal) ? "tcp_send_reset-6.18.format" : "tcp_receive_reset-6.18.format");

    private static string? Older(string path) =>
        Fixture.Text(path.Contains("tcp_send_reset", StringComparison.Ordinal) ? "tcp_send_reset-5.15.format" : "tcp_receive_reset-6.18.format");

    private static void AssertBoth(string page, Ip source, ushort sport, Ip destination, ushort dport, TcpState state, string reason)
    {
        var resets = Decode(page);
        Assert.Equal(2, resets.Count);
        Assert.True(ResetDecoder.TryCreate(ThisKernel, out var decoder, out _));
        var sent = Assert.Single(resets, reset => !reset.Received);
        Assert.Equal(reason, decoder.ReasonName(sent.Reason));
        Assert.Equal(state, sent.State);
        foreach (var reset in resets)
        {
            Assert.Equal((source, sport, destination, dport), (reset.Src, reset.Sport, reset.Dst, reset.Dport));
            Assert.True(reset.IsPlaced);
        }
    }

    private static List<ResetRecord> Decode(string fixture)
    {
        Assert.True(ResetDecoder.TryCreate(ThisKernel, out var decoder, out _));
        var resets = new List<ResetRecord>();
        var page = new TracePage(Fixture.Bytes(fixture), new TracePageLayout(0, 8, 16, 8));
        while (page.MoveNext())
        {
            Assert.True(decoder.TryDecode(page.Record, 0, out var reset));
            resets.Add(reset);
        }

        return resets;
    }
}
