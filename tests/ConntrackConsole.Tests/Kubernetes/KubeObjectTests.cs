using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;
using Xunit;

namespace ConntrackConsole.Tests.Kubernetes;

[Trait("Category", "Parser")]
public class KubeObjectTests
{
    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    [Fact]
    public void Slice_ScaledToZero_NullListsAreEmpty()
    {
        var slice = KubeObject.Slice(Json(
            """{"metadata":{"uid":"u","namespace":"shop","name":"s","labels":{"kubernetes.io/service-name":"ledger"}},"endpoints":null,"ports":null}"""));
        Assert.Empty(slice!.Endpoints);
        Assert.Equal(new ServiceKey("shop", "ledger"), slice.Service);
    }

    [Fact]
    public void Slice_MissingConditions_HaveTheirDefaults()
    {
        var slice = KubeObject.Slice(Json(
            """{"metadata":{"uid":"u","namespace":"n","name":"s"},"endpoints":[{"addresses":["10.1.0.5"]},{"addresses":["10.1.0.6"],"conditions":{"ready":false,"serving":null}}]}"""));
        Assert.Equal((true, true, false), slice!.Endpoints[0] is var a ? (a.Ready, a.Serving, a.Terminating) : default);
        Assert.Equal((false, false, false), slice.Endpoints[1] is var b ? (b.Ready, b.Serving, b.Terminating) : default);
    }

    [Theory]
    [InlineData("""{"phase":"Failed"}""", true)]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"state":{"running":{}}}]}""", false)]
    [InlineData("""{"phase":"Running","containerStatuses":[{"state":{"terminated":{"exitCode":137}}}]}""", false)]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"exitCode":0}}}]}""", true)]
    public void Pod_ContainersEnded_RequiresFinalPhaseAndNoRunningContainer(string status, bool ended) =>
        Assert.Equal(ended, KubeObject.Pod(Json($$"""{"metadata":{"uid":"u","namespace":"n","name":"p"},"status":{{status}}}"""))!.ContainersEnded);

    [Fact]
    public void Pod_Deletion_RequestedIsTimestampMinusGrace()
    {
        var pod = KubeObject.Pod(Json(
            """{"metadata":{"uid":"u","namespace":"n","name":"p","deletionTimestamp":"2026-11-23T02:04:24Z","deletionGracePeriodSeconds":30},"status":{"podIP":"10.1.0.5","podIPs":[{"ip":"10.1.0.5"},{"ip":"fd00::5"}]}}"""))!;
        Assert.Equal(DateTimeOffset.Parse("2026-11-23T02:03:54Z").ToUnixTimeMilliseconds(), pod.DeletionRequestedMs);
        Assert.Equal([Ip.Parse("10.1.0.5"), Ip.Parse("fd00::5")], pod.Ips);
    }

    [Theory]
    [InlineData("""{"metadata":{"uid":5}}""")]
    [InlineData("""{"metadata":null}""")]
    [InlineData("[]")]
    public void Pod_UnknownJson_IsSkipped(string json) => Assert.Null(KubeObject.Pod(Json(json)));

    [Fact]
    public void Service_Headless_HasNoAddress() =>
        Assert.Empty(KubeObject.Service(Json("""{"metadata":{"uid":"u","namespace":"n","name":"s"},"spec":{"clusterIP":"None","clusterIPs":["None"]}}"""))!.ClusterIps);

    [Fact]
    public void Read_Bookmark_ChangesTheVersionOnly() =>
        Assert.Equal(("77", null), KubeReader.Read(WatchedKind.All[3], """{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"77"}}}"""));

    [Fact]
    public void Read_ErrorGone_ThrowsWatchExpired() =>
        Assert.Throws<WatchExpiredException>(() => KubeReader.Read(WatchedKind.All[3], """{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}}"""));
}
