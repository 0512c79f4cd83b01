using System.Text;
using System.Text.Json;
using ConntrackConsole.Cluster;
using Xunit;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>What the list of a cluster costs: bytes made are exact whatever else the machine does.</summary>
public class ListFootprintTests
{
    private const int Pods = 5_000;

    [Fact]
    public async Task List_OfPods_MakesFewBytesAPodAndKeepsFewer()
    {
        byte[] body = Body();
        Assert.True(body.Length > Pods * 5_000);
        // Once for what is made only the first time.
        await ReadAsync(body);

        long before = GC.GetAllocatedBytesForCurrentThread();
        var (changes, thread) = await ReadAsync(body);
        long read = (GC.GetAllocatedBytesForCurrentThread() - before) / Pods;
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        var map = changes.Aggregate(ClusterMap.Empty, (m, change) => change.ApplyTo(m, 0));

        Assert.Equal(Pods, map.Pods.Count);
        // Of a JSON of more than 5 KB: two strings of its own, one address, the record; the rest is garbage of the parser.
        Assert.InRange(read, 500, 3_000);
        long kept = Weight.Of(map) / Pods;
        Assert.InRange(kept, 300, 1_500);
    }

    [Fact]
    public async Task List_OfPods_RepeatedWordsAreOneString()
    {
        var (changes, _) = await ReadAsync(Body());
        var pods = changes.Cast<PodChange>().Select(c => c.Pod).ToList();
        Assert.Single(pods.Select(p => p.Namespace).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Single(pods.Select(p => p.Phase).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Single(pods.Select(p => p.TemplateHash).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Single(pods.Select(p => p.Controller!.Uid).Distinct(ReferenceEqualityComparer.Instance));
    }

    private static async Task<(List<ClusterChange> Changes, int Thread)> ReadAsync(byte[] body)
    {
        var changes = new List<ClusterChange>(Pods);
        using var buffer = new StreamBuffer(new MemoryStream(body));
        var kind = WatchedKind.All.Single(k => k.Name == "pods");
        await new JsonItems(buffer, 8 * 1024 * 1024).ReadAsync(item => changes.Add(kind.Change(item, false)!), () => Assert.Fail("skipped"), TestContext.Current.CancellationToken);
        return (changes, Environment.CurrentManagedThreadId);
    }

    private static byte[] Body()
    {
        var files = new RecordedFiles("rollout-graceful");
        using var list = JsonDocument.Parse(files.Lists["pods"]);
        string pod = list.RootElement.GetProperty("items")[0].GetRawText();
        string uid = list.RootElement.GetProperty("items")[0].GetProperty("metadata").GetProperty("uid").GetString()!;
        string ip = list.RootElement.GetProperty("items")[0].GetProperty("status").GetProperty("podIP").GetString()!;
        return Encoding.UTF8.GetBytes($$"""{"metadata":{"resourceVersion":"1"},"items":[{{string.Join(',', Enumerable.Range(0, Pods).Select(i =>
            pod.Replace(uid, $"uid-{i:d32}", StringComparison.Ordinal).Replace(ip, $"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", StringComparison.Ordinal)))}}]}""");
    }
}
