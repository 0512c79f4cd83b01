using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Conntrack;

public class ConntrackTableTests
{
    private const string V4 =
        "-A -p tcp -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 1000 -u SEEN_REPLY,ASSURED";

    private const string V6 =
        "-A -p tcp -s fd00::1 -d fd00::2 --sport 1000 --dport 80 -r fd00::3 -q fd00::1 --reply-port-src 8080 --reply-port-dst 1000 --state ESTABLISHED --timeout 1000 -u SEEN_REPLY";

    [Fact]
    public void Dump_RandomEntries_EqualsTheConntrackProgram()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(2000, seed: 1));
        using var table = scratch.Inside.Run(ConntrackTable.Open);

        var ours = table.List(_ => true).Select(Describe).Order();

        var theirs = ConntrackProgram.List(scratch.Inside);
        Assert.Equal(2000, theirs.Count);
        Assert.Equal(theirs.Select(Describe).Order(), ours);
    }

    [Theory]
    [InlineData(V4, "10.244.0.1")]
    [InlineData(V6, "fd00::3")]
    public void Delete_OneEntry_LeavesTheOthers(string line, string backend)
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [line, .. RandomEntries.Lines(50, seed: 2)]);
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        var flow = Assert.Single(table.List(flow => flow.Reply.Src == Ip.Parse(backend) && flow.Orig.Sport == 1000));

        var outcome = table.Delete(flow.Key, out _);

        Assert.Equal(DeleteOutcome.Deleted, outcome);
        var left = ConntrackProgram.List(scratch.Inside);
        Assert.Equal(50, left.Count);
        Assert.DoesNotContain(left, entry => entry.Sport == 1000);
        Assert.Equal(DeleteOutcome.AlreadyGone, table.Delete(flow.Key, out var error));
        Assert.Equal(Errno.ENOENT, error);
    }

    [Fact]
    public void Delete_EntryRecreatedWithAnotherBackend_IsNotDeleted()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [V4]);
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        var old = Assert.Single(table.List(_ => true));
        table.Delete(old.Key, out _);
        ConntrackProgram.Load(scratch.Inside, [V4.Replace("10.244.0.1", "10.244.0.2", StringComparison.Ordinal)]);

        Assert.Equal(DeleteOutcome.AlreadyGone, table.Delete(old.Key, out _));

        Assert.Single(ConntrackProgram.List(scratch.Inside));
    }

    [Theory]
    [InlineData(V4)]
    [InlineData(V6)]
    public void Get_ByKey_ReturnsTheCurrentEntry(string line)
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [line, .. RandomEntries.Lines(20, seed: 3)]);
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        var flow = Assert.Single(table.List(flow => flow.Orig.Sport == 1000));

        var found = table.Get(flow.Key);

        Assert.NotNull(found);
        Assert.Equal(flow.Orig, found.Value.Orig);
        Assert.Equal(flow.Reply, found.Value.Reply);
        Assert.Equal(flow.Id, found.Value.Id);
        Assert.InRange(found.Value.TimeoutSeconds!.Value, 900u, 1000u);
        table.Delete(flow.Key, out _);
        Assert.Null(table.Get(flow.Key));
    }

    [Fact]
    public void Stats_CountsTheEntries()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(33, seed: 4));
        using var table = scratch.Inside.Run(ConntrackTable.Open);

        var stats = table.Stats();

        Assert.Equal(33u, stats.Entries);
        Assert.True(stats.MaxEntries > 33);
    }

    [Fact]
    public void Dump_OfEmptyTable_VisitsNothing()
    {
        using var scratch = new ScratchNamespace();
        using var table = scratch.Inside.Run(ConntrackTable.Open);

        Assert.Empty(table.List(_ => true));
    }

    [Theory]
    [InlineData("10.244.0.7")]
    [InlineData("10.96.0.2")]
    [InlineData("fd00:244::7")]
    [InlineData("192.0.2.1")]
    public void ListByReplySource_EqualsTheConntrackProgram(string address)
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(2000, seed: 7));
        using var table = scratch.Inside.Run(ConntrackTable.Open);

        var ours = table.ListByReplySource(Ip.Parse(address));

        var theirs = ConntrackProgram.List(scratch.Inside).Where(entry => entry.ReplySrc == address).ToList();
        Assert.Equal(address != "192.0.2.1", theirs.Count > 0);
        Assert.Equal(theirs.Select(Describe).Order(), ours.Select(Describe).Order());
    }

    [Theory]
    [InlineData("10.96.0.2")]
    [InlineData("10.244.0.7")]
    [InlineData("fd00:96::2")]
    [InlineData("192.0.2.1")]
    public void ListByOriginalDestination_EqualsTheConntrackProgram(string address)
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(2000, seed: 17));
        using var table = scratch.Inside.Run(ConntrackTable.Open);

        var ours = table.ListByOriginalDestination(Ip.Parse(address));

        var theirs = ConntrackProgram.List(scratch.Inside).Where(entry => entry.Dst == address).ToList();
        Assert.Equal(address != "192.0.2.1", theirs.Count > 0);
        Assert.Equal(theirs.Select(Describe).Order(), ours.Select(Describe).Order());
    }

    [Fact]
    public void GetByOriginal_OfMany_ReturnsTheCurrentEntries()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(600, seed: 18));
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        var all = table.List(_ => true);
        foreach (var flow in all.Where((_, index) => index % 10 == 0))
            table.Delete(flow.Key, out _);
        FlowOrigin[] origins = [.. all.Select(flow => new FlowOrigin(flow.Orig, flow.Zone))];
        var found = new Flow?[origins.Length];

        table.GetByOriginal(origins, found);

        for (int index = 0; index < origins.Length; index++)
            Assert.Equal(index % 10 == 0 ? null : all[index].Key, found[index]?.Key);
    }

    [Theory]
    [InlineData(V4, "10.244.0.1", "10.244.0.2")]
    [InlineData(V6, "fd00::3", "fd00::4")]
    public void GetByOriginal_ReconnectedClient_HasItsNewBackend(string line, string before, string after)
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [line]);
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        var old = Assert.Single(table.List(_ => true));
        table.Delete(old.Key, out _);
        Assert.Null(table.GetByOriginal(old.Orig, old.Zone));
        ConntrackProgram.Load(scratch.Inside, [line.Replace(before, after, StringComparison.Ordinal)]);

        Assert.Equal(Ip.Parse(after), table.GetByOriginal(old.Orig, old.Zone)?.Reply.Src);
        Assert.Null(table.GetByOriginal(old.Orig, zone: 5));
        Assert.Null(table.Get(old.Key));
    }

    [Fact]
    public void GetByOriginal_ReplyTuple_FindsNothing()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, [V4]);
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        var flow = Assert.Single(table.List(_ => true));

        Assert.Null(table.GetByOriginal(flow.Reply, flow.Zone));
        Assert.NotNull(table.Get(flow.Reply, flow.Zone));
    }

    [Fact]
    public void GetByOriginal_WithoutAFullTuple_IsRefused()
    {
        using var scratch = new ScratchNamespace();
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        Assert.Throws<ArgumentException>(() => table.GetByOriginal([default], new Flow?[1]));
    }

    [Fact]
    public void GetAndDelete_OfMany_HaveOneResultPerEntry()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(1000, seed: 13));
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        var all = table.List(_ => true);
        var gone = all.Where((_, index) => index % 10 == 0).ToList();
        foreach (var flow in gone)
            table.Delete(flow.Key, out _);
        FlowKey[] keys = [.. all.Take(700).Select(flow => flow.Key)];
        var found = new Flow?[keys.Length];
        var errors = new Errno[keys.Length];

        table.Get(keys, found);
        table.Delete(keys, errors);

        for (int index = 0; index < keys.Length; index++)
        {
            bool wasGone = index % 10 == 0;
            Assert.Equal(wasGone ? null : all[index].Orig, found[index]?.Orig);
            Assert.Equal(wasGone ? Errno.ENOENT : Errno.Ok, errors[index]);
        }

        Assert.Equal(
            all.Skip(700).Where((_, index) => (700 + index) % 10 != 0).Select(Describe).Order(),
            ConntrackProgram.List(scratch.Inside).Select(Describe).Order());
    }

    [Fact]
    public void Dump_PerEntry_AllocatesNothing()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(3000, seed: 16));
        using var table = scratch.Inside.Run(ConntrackTable.Open);
        int seen = 0;
        FlowVisitor count = (in _) => seen++;
        table.Dump(count);

        long before = GC.GetAllocatedBytesForCurrentThread();
        table.Dump(count);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(6000, seen);
        Assert.Equal(0, allocated);
    }

    private static string Describe(ConntrackProgram.Entry entry)
    {
        string state = entry.Proto == "tcp" ? entry.State! : entry.Unreplied ? "UNREPLIED" : entry.Assured ? "ASSURED" : "REPLIED";
        return $"{entry.Proto} {state} {entry.Src} {entry.Sport} {entry.Dst} {entry.Dport} {entry.ReplySrc} {entry.ReplySport} {entry.Id}";
    }

    private static string Describe(Flow flow)
    {
        bool ports = !Protocols.IsPortless(flow.Orig.Proto);
        return $"{Protocols.Name(flow.Orig.Proto)} {flow.State.Name()} {flow.Orig.Src} {(ports ? flow.Orig.Sport : null)} {flow.Orig.Dst} {(ports ? flow.Orig.Dport : null)} "
            + $"{flow.Reply.Src} {(ports ? flow.Reply.Sport : null)} {flow.Id}";
    }
}
