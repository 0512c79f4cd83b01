using System.Reflection;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Conntrack;

public class FlowRequestTests
{
    private static readonly FlowTuple Reply = new(Ip.Parse("10.244.0.1"), Ip.Parse("10.1.0.1"), Protocols.Tcp, 8080, 1000);

    [Fact]
    public void Delete_OfAFullKey_HasTheExpectedBytes()
    {
        // As shown by strace for libnetfilter_conntrack, with the zone and id added.
        const string expected =
            "58000000" + "0201" + "0500" + "07000000" + "00000000" + "02000000" // nlmsghdr: DELETE, REQUEST|ACK; nfgenmsg AF_INET
            + "3400" + "0280" // CTA_TUPLE_REPLY
            + "1400" + "0180" + "0800" + "0100" + "0AF40001" + "0800" + "0200" + "0A010001" // CTA_TUPLE_IP
            + "1C00" + "0280" + "0500" + "0100" + "06000000" + "0600" + "0200" + "1F900000" + "0600" + "0300" + "03E80000" // CTA_TUPLE_PROTO
            + "0600" + "1200" + "00050000" // CTA_ZONE
            + "0800" + "0C00" + "00000009"; // CTA_ID

        Assert.Equal(expected, Convert.ToHexString(Write((ref writer) => FlowRequest.Delete(ref writer, 7, new FlowKey(Reply, 5, 9)))));
    }

    [Fact]
    public void DumpByOriginalDestination_HasTheExpectedBytes() => Assert.Equal(
        "38000000" + "0101" + "0103" + "07000000" + "00000000" + "02000000"       // nlmsghdr: GET, REQUEST|DUMP; nfgenmsg AF_INET
        + "1000" + "0180" + "0C00" + "0180" + "0800" + "0200" + "0A600001"         // CTA_TUPLE_ORIG, CTA_TUPLE_IP, CTA_IP_V4_DST
        + "1400" + "1980" + "0800" + "0100" + "02000000" + "0800" + "0200" + "00000000", // CTA_FILTER: of the original IP_DST
        Convert.ToHexString(Write((ref writer) => FlowRequest.DumpByOriginalDestination(ref writer, 7, Ip.Parse("10.96.0.1")))));

    [Fact]
    public void Delete_WithoutAFullTuple_IsNeverWritten()
    {
        FlowKey[] incomplete =
        [
            default,
            new(default, 0, 9),
            new(Reply with { Src = default }, 0, 9),
            new(Reply with { Dst = default }, 0, 9),
            new(Reply with { Proto = 0 }, 0, 9),
            new(Reply with { Dst = Ip.Parse("fd00::1") }, 0, 9),
        ];
        foreach (var key in incomplete)
        {
            Assert.Throws<ArgumentException>(() => Write((ref writer) => FlowRequest.Delete(ref writer, 7, in key)));
        }
    }

    [Fact]
    public void Library_HasOneWriterOfDelete_WhichRequiresAFlowKey()
    {
        // The message type can be written nowhere else: only FlowRequest writes ctnetlink messages, and of its methods only Delete.
        var writers = typeof(FlowRequest).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(method => method.GetParameters().Any(parameter => parameter.ParameterType == typeof(NetlinkWriter).MakeByRefType()));
        foreach (var method in writers.Where(method => method.Name is nameof(FlowRequest.Dump) or nameof(FlowRequest.DumpByReplySource) or nameof(FlowRequest.DumpByOriginalDestination) or nameof(FlowRequest.Stats) or nameof(FlowRequest.StatsCpu)))
        {
            byte[] bytes = Write((ref writer) =>
            {
                switch (method.Name)
                {
                    case nameof(FlowRequest.Dump):
                        FlowRequest.Dump(ref writer, 1);
                        break;
                    case nameof(FlowRequest.DumpByReplySource):
                        FlowRequest.DumpByReplySource(ref writer, 1, Reply.Src);
                        break;
                    case nameof(FlowRequest.DumpByOriginalDestination):
                        FlowRequest.DumpByOriginalDestination(ref writer, 1, Reply.Src);
                        break;
                    case nameof(FlowRequest.Stats):
                        FlowRequest.Stats(ref writer, 1);
                        break;
                    default:
                        FlowRequest.StatsCpu(ref writer, 1);
                        break;
                }
            });
            Assert.NotEqual(CtMessage.Delete, BitConverter.ToUInt16(bytes, 4));
        }

        // Every public Delete method requires the key of a flow that was read.
        var deletions = typeof(ConntrackTable).GetMethods().Where(method => method.Name.Contains("Delete", StringComparison.Ordinal)
            || method.Name.Contains("Flush", StringComparison.Ordinal) || method.Name.Contains("Clear", StringComparison.Ordinal));
        Assert.Equal(
            [typeof(FlowKey).MakeByRefType(), typeof(ReadOnlySpan<FlowKey>)],
            deletions.Select(method => method.GetParameters()[0].ParameterType).OrderBy(type => type.Name, StringComparer.Ordinal));
        Assert.Empty(typeof(FlowKey).GetConstructors());
        Assert.All(typeof(Flow).GetProperties().Where(property => property.CanWrite), property => Assert.False(property.SetMethod!.IsPublic));
    }

    [Fact]
    public void Delete_OfManyWithOneIncomplete_SendsNothing()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(5, seed: 12));
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        FlowKey[] keys = [.. table.List(_ => true).Select(flow => flow.Key), default];

        Assert.Throws<ArgumentException>(() => table.Delete(keys, new Errno[keys.Length]));

        Assert.Equal(5, ConntrackProgram.List(scratch.Inside).Count);
    }

    private delegate void Writing(ref NetlinkWriter writer);

    private static byte[] Write(Writing writing)
    {
        var writer = new NetlinkWriter(new byte[256]);
        writing(ref writer);
        return writer.Written.ToArray();
    }
}
