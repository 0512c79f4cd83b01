using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Conntrack;

[Trait("Category", "Parser")]
public class FlowReaderTests
{
    // A NEW event of Linux 6.18 for conntrack -A -p tcp … (the same entry as in ConntrackTableTests), without the last attribute's tail.
    private const string TupleOrig =
        "340001801400018008000100" + "0A010001" + "08000200" + "0A600001" + "1C000280" + "0500010006000000" + "06000200" + "03E80000" + "06000300" + "00500000";

    private const string TupleReply =
        "340002801400018008000100" + "0AF40001" + "08000200" + "0A010001" + "1C000280" + "0500010006000000" + "06000200" + "1F900000" + "06000300" + "03E80000";

    private const string Rest =
        "08000C00" + "C6892D48" + "08000300" + "0000000E" + "08000700" + "000003E8" + "30000480" + "2C000180" + "0500010003000000"
        + "0500020000000000" + "0500030000000000" + "0600040000000000" + "0600050000000000";

    [Fact]
    public void Read_NewEvent_ReturnsTheFlow()
    {
        var flow = Read(TupleOrig + TupleReply + Rest);

        Assert.Equal("tcp 10.1.0.1:1000→10.96.0.1:80", flow.Orig.ToString());
        Assert.Equal("tcp 10.244.0.1:8080→10.1.0.1:1000", flow.Reply.ToString());
        Assert.Equal(FlowState.Established, flow.State);
        Assert.Equal(FlowStatus.SeenReply | FlowStatus.Assured | FlowStatus.Confirmed, flow.Status);
        Assert.Equal(1000u, flow.TimeoutSeconds);
        Assert.Equal(0xC6892D48u, flow.Id);
        Assert.Equal(0, flow.Zone);
        // The program inserted it with -r alone: it lists like a translated entry and translates nothing.
        Assert.Equal((false, true), (flow.IsTranslated, flow.OnlyLooksTranslated));
    }

    [Fact]
    public void Read_StatusWithDestinationNat_IsTranslated()
    {
        var flow = Read(TupleOrig + TupleReply + Rest.Replace("0000000E", "0000002E", StringComparison.Ordinal));

        Assert.Equal((true, false), (flow.IsTranslated, flow.OnlyLooksTranslated));
    }

    // As the kernel dumps an entry of a flowtable: neither a timeout nor the state of the protocol. Bits of the software path, and of
    // the network card.
    [Theory]
    [InlineData("0000402E")]
    [InlineData("0000C02E")]
    [InlineData("0000802E")]
    public void Read_OffloadedEntry_IsItsOwnLiveState(string status)
    {
        var flow = Read(TupleOrig + TupleReply + "08000C00" + "C6892D48" + "08000300" + status);

        Assert.Equal((FlowState.Offloaded, "OFFLOADED", true), (flow.State, flow.StateName, flow.State.IsLive()));
        Assert.Null(flow.TimeoutSeconds);
        Assert.True(flow.IsTranslated);
    }

    // CTA_PROTOINFO_SCTP 3 and CTA_PROTOINFO_DCCP 2, with the state as their first attribute.
    [Theory]
    [InlineData("84", "0380", "01", "CLOSED")]
    [InlineData("84", "0380", "04", "ESTABLISHED")]
    [InlineData("84", "0380", "08", "HEARTBEAT_SENT")]
    [InlineData("84", "0380", "63", "UNKNOWN(99)")]
    [InlineData("21", "0280", "03", "PARTOPEN")]
    public void Read_SctpAndDccp_HaveTheirStates(string proto, string nested, string state, string expected)
    {
        string Tuple(string tuple) => tuple.Replace("0500010006000000", $"05000100{proto}000000", StringComparison.Ordinal);

        var flow = Read(Tuple(TupleOrig) + Tuple(TupleReply) + "08000C00C6892D48" + "080003000000002E" + "10000480" + $"0C00{nested}" + $"05000100{state}000000");

        Assert.Equal(expected, flow.StateName);
        Assert.Equal(FlowState.Assured, flow.State);
    }

    [Fact]
    public void Read_UnknownAttributes_AreSkipped() =>
        Assert.Equal(0xC6892D48u, Read("0800FF3F01020304" + TupleOrig + TupleReply + "08007F00AABBCCDD" + Rest).Id);

    [Fact]
    public void Read_Zone_IsRead() => Assert.Equal(513, Read(TupleOrig + TupleReply + Rest + "0600120002010000").Zone);

    [Theory]
    [InlineData(TupleOrig)] // no reply tuple
    [InlineData("0400018004000280")] // empty tuples
    [InlineData(TupleOrig + TupleReply + "05000300FF000000")] // a status of one byte
    [InlineData(TupleOrig + TupleReply + "03000300")] // an attribute shorter than its header
    [InlineData(TupleOrig + TupleReply + "FF000300")] // an attribute that ends beyond the message
    public void Read_MalformedMessage_IsAnErrorWithPositionAndLength(string attributes)
    {
        var error = Assert.Throws<NetlinkException>(() => Read(attributes));

        Assert.Contains("malformed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_EveryTruncation_EndsCleanly()
    {
        byte[] whole = Convert.FromHexString(TupleOrig + TupleReply + Rest);
        for (int length = 0; length < whole.Length; length++)
        {
            try
            {
                Read(Convert.ToHexString(whole.AsSpan(0, length)));
            }
            catch (NetlinkException)
            {
                // A clear error is as acceptable as a flow without its last attributes.
            }
        }
    }

    private static Flow Read(string attributes)
    {
        byte[] payload = Convert.FromHexString("02000000" + attributes);
        var writer = new NetlinkWriter(new byte[1024]);
        writer.Begin(CtMessage.New, NetlinkFlags.Create, 0);
        writer.Raw(payload);
        writer.End();
        var messages = new NetlinkMessages(writer.Written);
        Assert.True(messages.MoveNext());
        return FlowReader.Read(messages.Current);
    }
}
