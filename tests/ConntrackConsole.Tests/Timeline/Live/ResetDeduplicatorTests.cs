using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Live;

/// <summary>A client 10.1.0.1:1000 on node3, a backend 10.244.1.1:8080 on node1, the Service 10.96.0.1:80 in between.</summary>
public class ResetDeduplicatorTests
{
    private const long At = 1_800_000_000_100;
    private readonly ResetDeduplicator _ledger = new();

    [Fact]
    public void ClientAbort_SentAndReceivedOnTwoNodes_IsCountedOnce()
    {
        _ledger.Add("node3", OnTheClientsNode(ResetKind.ClientAbort, fromClient: true, received: false));
        _ledger.Add("node1", OnTheBackendsNode(fromClient: true, received: true));

        Assert.Equal((0, 0, 1, 0), Counts());
    }

    [Fact]
    public void BackendReset_BackendNodeReportsFirst_IsFromBackend()
    {
        _ledger.Add("node1", OnTheBackendsNode(fromClient: false, received: false));
        _ledger.Add("node3", OnTheClientsNode(ResetKind.FromBackend, fromClient: false, received: true));

        Assert.Equal((0, 1, 0, 0), Counts());
    }

    [Fact]
    public void BackendReset_ClientNodeReportsFirst_IsFromBackend()
    {
        _ledger.Add("node3", OnTheClientsNode(ResetKind.FromBackend, fromClient: false, received: true));
        _ledger.Add("node1", OnTheBackendsNode(fromClient: false, received: false));

        Assert.Equal((0, 1, 0, 0), Counts());
        Assert.Equal("node3", Assert.Single(_ledger.Kept).Node);
    }

    [Theory]
    [InlineData(ResetKind.RefusedSyn)]
    [InlineData(ResetKind.NewBackend)]
    public void BackendReset_ClientNodeKnowsMore_KeepsItsKind(ResetKind kind)
    {
        _ledger.Add("node1", OnTheBackendsNode(fromClient: false, received: false));
        _ledger.Add("node3", OnTheClientsNode(kind, fromClient: false, received: true));

        Assert.Equal((0, 0, 0, 0), Counts());
        Assert.Equal(kind, Assert.Single(_ledger.Kept).Reset.Kind);
        Assert.Equal(1, _ledger.At(At / 1000)?[(int)kind]);
    }

    [Fact]
    public void UnNatedReset_ReceivedByBackend_StaysUnNated()
    {
        _ledger.Add("node1", OnTheBackendsNode(fromClient: true, received: true));
        _ledger.Add("node3", UnNated());

        Assert.Equal((1, 0, 0, 0), Counts());
    }

    [Fact]
    public void UnNatedReset_ThenBackendReset_CountsTwo()
    {
        _ledger.Add("node3", UnNated());
        _ledger.Add("node3", OnTheClientsNode(ResetKind.FromBackend, fromClient: false, received: true));
        _ledger.Add("node1", OnTheBackendsNode(fromClient: true, received: true));

        Assert.Equal((1, 1, 0, 0), Counts());
    }

    [Fact]
    public void TwoResets_SameSender_CountTwo()
    {
        for (int i = 0; i < 2; i++)
        {
            _ledger.Add("node3", UnNated() with { AtMs = At + (i * 200) });
            _ledger.Add("node1", OnTheBackendsNode(fromClient: true, received: true) with { AtMs = At + (i * 200) });
        }

        Assert.Equal((2, 0, 0, 0), Counts());
    }

    [Fact]
    public void SameEndpoints_MoreThanASecondApart_CountTwo()
    {
        _ledger.Add("node3", OnTheClientsNode(ResetKind.ClientAbort, fromClient: true, received: false));
        _ledger.Add("node1", OnTheBackendsNode(fromClient: true, received: true) with { AtMs = At + 1001 });

        Assert.Equal((0, 0, 1, 1), Counts());
    }

    private (int UnNated, int FromBackend, int ClientAbort, int Direct) Counts()
    {
        int[] sum = new int[ResetOverflow.Length];
        for (long second = At / 1000; second <= (At / 1000) + 2; second++)
        {
            for (int kind = 0; kind < sum.Length; kind++)
                sum[kind] += _ledger.At(second)?[kind] ?? 0;
        }

        Assert.Equal(sum.Sum(), _ledger.Kept.Count);
        return (sum[(int)ResetKind.UnNated], sum[(int)ResetKind.FromBackend], sum[(int)ResetKind.ClientAbort], sum[(int)ResetKind.Direct]);
    }

    private static readonly Ip Client = Ip.Parse("10.1.0.1");
    private static readonly Ip Vip = Ip.Parse("10.96.0.1");
    private static readonly Ip Pod = Ip.Parse("10.244.1.1");

    private static Reset UnNated() => new(At, ResetKind.UnNated, Client, 1000, Pod, 8080, Vip, 80, Pod, 8080, 1, false);

    private static Reset OnTheClientsNode(ResetKind kind, bool fromClient, bool received) => fromClient
        ? new Reset(At, kind, Client, 1000, Vip, 80, Vip, 80, Pod, 8080, 0, received)
        : new Reset(At, kind, Vip, 80, Client, 1000, Vip, 80, Pod, 8080, 0, received);

    // The backend's node has no entry of the Service's flow: there the flow is direct.
    private static Reset OnTheBackendsNode(bool fromClient, bool received) => fromClient
        ? new Reset(At, ResetKind.Direct, Client, 1000, Pod, 8080, default, 0, Pod, 8080, 0, received)
        : new Reset(At, ResetKind.Direct, Pod, 8080, Client, 1000, default, 0, Pod, 8080, 0, received);
}
