using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Tests.Recordings;
using Xunit;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>Memory of the list of a cluster: allocated bytes are exact under any load.</summary>
public class ListFootprintTests
{
    // The requirement: all objects within this limit, everything included.
    private const long MaxBytes = 600_000_000;
    private const int AllPods = 150_000;
    private const int AllServices = 10_000;

    // The runtime, the web server and the database, before anything is listed.
    private const long Process = 100_000_000;

    private const int Pods = 5_000;
    private const int Services = 500;

    [Fact]
    public async Task Lists_LargestCluster_FitIntoTheMemoryLimit()
    {
        var pods = await MadeAsync("pods", Body(), Pods);
        var services = await MadeAsync("services", ServicesBody(), Services);
        var slices = await MadeAsync("endpointslices", SlicesBody(), Services);

        // Worst case: nothing allocated while reading is collected before the end.
        long made = (AllPods * pods.Bytes) + (AllServices * (services.Bytes + slices.Bytes));
        Assert.True(pods.Bytes > 500 && services.Bytes > 300 && slices.Bytes > 300, $"{pods.Bytes}, {services.Bytes}, {slices.Bytes} bytes each: nothing was measured");
        Assert.True(Process + made <= MaxBytes, $"{made / 1_000_000} MB are allocated for {AllPods} pods: {pods.Bytes} bytes a pod, {services.Bytes + slices.Bytes} a Service");

        // After an expired watch everything is listed again: then the old and the new objects are both in memory.
        long kept = (AllPods * Kept(pods.Changes)) + (AllServices * (Kept(services.Changes) + Kept(slices.Changes)));
        Assert.True(Process + (2 * kept) <= MaxBytes, $"{kept / 1_000_000} MB are kept for {AllPods} pods");
    }

    private static long Kept(List<ClusterChange> changes) => ObjectSize.Of(changes.Aggregate(ClusterMap.Empty, (m, change) => change.ApplyTo(m, 0))) / changes.Count;

    private static async Task<(List<ClusterChange> Changes, long Bytes)> MadeAsync(string kind, byte[] body, int count)
    {
        // Warm up, for one-time allocations.
        await ReadAsync(kind, body);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var (changes, thread) = await ReadAsync(kind, body);
        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / count;
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        Assert.Equal(count, changes.Count);
        return (changes, bytes);
    }

    [Fact]
    public async Task List_Pods_RepeatedStringsAreShared()
    {
        var (changes, _) = await ReadAsync("pods", Body());
        var pods = changes.Cast<PodChange>().Select(c => c.Pod).ToList();
        Assert.Single(pods.Select(p => p.Namespace).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Single(pods.Select(p => p.Phase).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Single(pods.Select(p => p.TemplateHash).Distinct(ReferenceEqualityComparer.Instance));
        Assert.Single(pods.Select(p => p.Controller!.Uid).Distinct(ReferenceEqualityComparer.Instance));
    }

    private static async Task<(List<ClusterChange> Changes, int Thread)> ReadAsync(string name, byte[] body)
    {
        var changes = new List<ClusterChange>(Pods);
        var kind = WatchedKind.All.Single(k => k.Name == name);
        using var items = new JsonItems(PipeReader.Create(new MemoryStream(body), new StreamPipeReaderOptions(bufferSize: 64 * 1024)), 8 * 1024 * 1024);
        await items.ReadAsync(item => changes.Add(kind.Change(item, false)!), () => Assert.Fail("skipped"), TestContext.Current.CancellationToken);
        return (changes, Environment.CurrentManagedThreadId);
    }

    private static byte[] Body()
    {
        var recorded = Recorded("pods", _ => true);
        string pod = recorded.GetRawText();
        string uid = recorded.GetProperty("metadata").GetProperty("uid").GetString()!;
        string ip = recorded.GetProperty("status").GetProperty("podIP").GetString()!;
        return ListOf(Pods, i => pod.Replace(uid, $"uid-{i:d32}", StringComparison.Ordinal).Replace(ip, Address(i), StringComparison.Ordinal));
    }

    private static byte[] ServicesBody()
    {
        string service = Recorded("services", s => s.GetProperty("spec").GetProperty("clusterIP").GetString() != "None").GetRawText();
        var (uid, name, ip) = (Text(service, "uid"), Text(service, "name"), Text(service, "clusterIP"));
        return ListOf(Services, i => service.Replace(uid, $"uid-{i:d32}", StringComparison.Ordinal).Replace($"\"name\":\"{name}\"", $"\"name\":\"{name}-{i}\"", StringComparison.Ordinal)
            .Replace(ip, $"10.96.{i >> 8}.{i & 255}", StringComparison.Ordinal));
    }

    // Each slice has its share of the pods.
    private static byte[] SlicesBody()
    {
        var slice = Recorded("endpointslices", s => s.GetProperty("endpoints") is { ValueKind: JsonValueKind.Array } e && e.EnumerateArray().Any(x => x.TryGetProperty("targetRef", out _)));
        string endpoint = slice.GetProperty("endpoints").EnumerateArray().First(x => x.TryGetProperty("targetRef", out _)).GetRawText();
        var (ip, pod) = (JsonDocument.Parse(endpoint).RootElement.GetProperty("addresses")[0].GetString()!, Text(endpoint, "uid"));
        string uid = slice.GetProperty("metadata").GetProperty("uid").GetString()!;
        string service = slice.GetProperty("metadata").GetProperty("labels").GetProperty("kubernetes.io/service-name").GetString()!;
        return ListOf(Services, i => slice.GetRawText().Replace(slice.GetProperty("endpoints").GetRawText(), $"[{string.Join(',', Enumerable.Range(i * AllPods / AllServices, AllPods / AllServices).Select(p =>
                endpoint.Replace(pod, $"uid-{p:d32}", StringComparison.Ordinal).Replace(ip, Address(p), StringComparison.Ordinal)))}]", StringComparison.Ordinal)
            .Replace(uid, $"slice-{i:d30}", StringComparison.Ordinal).Replace($"\"kubernetes.io/service-name\":\"{service}\"", $"\"kubernetes.io/service-name\":\"{service}-{i}\"", StringComparison.Ordinal));
    }

    private static JsonElement Recorded(string kind, Func<JsonElement, bool> wanted)
    {
        using var list = JsonDocument.Parse(new RecordedFiles("rollout-graceful").Lists[kind]);
        return list.RootElement.GetProperty("items").EnumerateArray().First(wanted).Clone();
    }

    private static string Text(string json, string key) => JsonDocument.Parse(json).RootElement is var root && root.TryGetProperty(key, out var at) ? at.GetString()!
        : root.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Object && p.Value.TryGetProperty(key, out _)).Select(p => p.Value.GetProperty(key).GetString()!).First();

    private static string Address(int i) => $"10.{i >> 16}.{i >> 8 & 255}.{i & 255}";

    private static byte[] ListOf(int count, Func<int, string> item) =>
        Encoding.UTF8.GetBytes($$"""{"metadata":{"resourceVersion":"1"},"items":[{{string.Join(',', Enumerable.Range(0, count).Select(item))}}]}""");
}
