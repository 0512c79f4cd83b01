using System.Globalization;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>M9 in the frames: connections that IPVS keeps to servers that were removed or have weight 0.</summary>
public sealed class IpvsWatcherTests : IDisposable
{
    private const string Service = "TCP  0A600001:0050 rr  \n  -> 0AF40002:1F90      Masq    1      0          0         \n";
    private const string Kept = "TCP 0A010001 03E8 0A600001 0050 0AF40001 1F90 ESTABLISHED     897\nTCP 0A010002 03E8 0A600001 0050 0AF40001 1F90 ESTABLISHED     120\n";

    private readonly FakeIpvs _ipvs = new();
    private readonly ReadTime _clock = new();
    private readonly IpvsWatcher _watcher;
    private long _nowMs = 1_000_000;

    public IpvsWatcherTests() => _watcher = new IpvsWatcher(_ipvs.Proc, _clock);

    public void Dispose() => _ipvs.Dispose();

    [Fact]
    public void ServerRemoved_IsInTheFrame()
    {
        _ipvs.Services(Service);
        _ipvs.Connections(Kept);

        var reading = Next()!;

        Assert.Equal((IpvsReadState.Complete, false, 0u), (reading.State, reading.ExpireNodestConn, reading.MoreConnections));
        Assert.Equal([new IpvsServerConnections(Protocols.Tcp, Ip.Parse("10.96.0.1"), 80, Ip.Parse("10.244.0.1"), 8080, true, 2, 897)], reading.Servers);
    }

    [Fact]
    public void Reading_IsSentWhenItChangesAndInKeyFrames()
    {
        Assert.Empty(Next()!.Servers);
        Assert.Null(Next());
        Assert.NotNull(Next(isKey: true));

        _ipvs.Services(Service);
        _ipvs.Connections(Kept);
        Assert.Null(Next()); // It is not read every second.
        _nowMs += IpvsWatcher.MinIntervalMs;
        Assert.NotNull(Next());
        _nowMs += IpvsWatcher.MinIntervalMs;
        Assert.Null(Next());

        _ipvs.Connections("");
        _nowMs += IpvsWatcher.MinIntervalMs;
        Assert.Empty(Next()!.Servers);
    }

    /// <summary>Half a percent of a core at most.</summary>
    [Fact]
    public void Reading_ThatTookLong_IsFollowedByALongerPause()
    {
        _clock.Length = TimeSpan.FromMilliseconds(100);
        Assert.Empty(Next()!.Servers);
        _ipvs.Services(Service);
        _ipvs.Connections(Kept);
        _nowMs += 18_000;
        Assert.Null(Next());
        Assert.Single(Next()!.Servers);
    }

    [Fact]
    public void Node_WithoutIpvs_SendsNothing()
    {
        using var proc = new TemporaryDirectory();
        var frame = new NodeFrame { IsKey = true };

        new IpvsWatcher(proc.Path).Fill(frame, 1);

        Assert.Null(frame.Ipvs);
    }

    [Fact]
    public void Table_ThatCannotBeRead_IsSaid()
    {
        File.Delete(_ipvs.Proc + "/thread-self/net/ip_vs_conn");
        Assert.Equal(IpvsReadState.Unreadable, Next()!.State);

        _ipvs.Connections("unknown\n");
        _nowMs += IpvsWatcher.MinIntervalMs;
        Assert.Equal(IpvsReadState.Partial, Next()!.State);
    }

    [Fact]
    public void Servers_AreBoundedAndTheRestIsCounted()
    {
        _ipvs.Services(Service);
        _ipvs.Connections(string.Concat(Enumerable.Range(0, IpvsReading.MaxServers + 7).Select(n =>
            string.Create(CultureInfo.InvariantCulture, $"TCP 0A010001 03E8 0A600001 0050 0AF5{n:X4} 1F90 ESTABLISHED     897\n"))));

        var reading = Next()!;

        Assert.Equal((IpvsReading.MaxServers, 7u), (reading.Servers.Count, reading.MoreConnections));
    }

    [Fact]
    public void Observer_PutsTheReadingIntoItsFirstFrame()
    {
        using var scratch = new ScratchNamespace();
        _ipvs.Services(Service);
        _ipvs.Connections(Kept);
        using var stop = new CancellationTokenSource();
        IpvsReading? reading = null;
        var observer = new NodeObserver(new Grouping([]), TimeProvider.System, null, () => null) { Ipvs = _watcher };

        scratch.Inside.Run(() => observer.Run(frame =>
        {
            reading = frame.Ipvs;
            stop.Cancel();
        }, stop.Token));

        Assert.Single(reading!.Servers);
    }

    /// <summary>Each reading takes as long as is set, however busy the machine is.</summary>
    private sealed class ReadTime : TimeProvider
    {
        private long _ticks;

        public TimeSpan Length { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks += Length.Ticks;
    }

    private IpvsReading? Next(bool isKey = false)
    {
        var frame = new NodeFrame { IsKey = isKey };
        _watcher.Fill(frame, _nowMs += 1000);
        return frame.Ipvs;
    }
}
