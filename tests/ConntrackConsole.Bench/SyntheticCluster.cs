using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Bench;

/// <summary>
/// An API server of a large cluster, generated on request from objects with the size and fields of recorded ones
/// (<see cref="ClusterShape"/>). <see cref="Load.Rollouts"/> replaces pods while it is watched.
/// </summary>
internal sealed class SyntheticCluster : IAsyncDisposable
{
    private readonly ClusterShape _shape;
    private readonly JsonTemplate _pod = new("pods", Named("cart-"), Longer,
        "4173516a-5e62-43bc-bdee-7dc684f3abce", "cart-864fc78d5f-mck95", "cart-864fc78d5f", "6e8ce6e7-6b2e-4266-b8a7-517fcc1e09f1", "864fc78d5f", "\"shop\"", "node2", "10.244.1.9",
        "\"resourceVersion\":\"1134\",");
    private readonly JsonTemplate _node = new("nodes", Named("node1"), t => t, "node1", "10.213.0.1", UidOf("nodes", "node1"));
    private readonly JsonTemplate _service = new("services", Named("cart"), t => t, UidOf("services", "cart"), "cart", "\"shop\"", FirstIp("cart"));
    private readonly JsonTemplate _deployment = new("deployments", Named("cart"), t => t, UidOf("deployments", "cart"), "cart", "\"shop\"",
        "\"deployment.kubernetes.io/revision\":\"2\"", "eneration\":2,", "eplicas\":2,", "\"updatedReplicas\":2,", "NewReplicaSetAvailable");
    private readonly JsonTemplate _replicaSet = new("replicasets", Named("cart-864fc78d5f"), t => t,
        "6e8ce6e7-6b2e-4266-b8a7-517fcc1e09f1", "cart-864fc78d5f", "3299e4c9-3063-4612-a6ce-81af7dec2de0", "864fc78d5f", "\"shop\"", "cart",
        "\"deployment.kubernetes.io/revision\":\"2\"", "eplicas\":2,");
    private readonly WebApplication _host;
    private readonly byte[] _incarnations;

    private SyntheticCluster(WebApplication host, ClusterShape shape) => (_host, _shape, _incarnations) = (host, shape, new byte[shape.Pods]);

    public ClusterShape Shape => _shape;

    public WatchLog Watches { get; } = new();

    public string Address => _host.Urls.First();

    public int PodBytes => _pod.Bytes;

    public static async Task<SyntheticCluster> StartAsync(ClusterShape shape)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var host = builder.Build();
        var cluster = new SyntheticCluster(host, shape);
        host.Run(cluster.AnswerAsync);
        await host.StartAsync();
        return cluster;
    }

    /// <summary>Writes a kubeconfig file for this server.</summary>
    /// <returns>The file's path.</returns>
    public string WriteKubeconfig() => TestKubeconfig.Write(Address);

    /// <summary>How often the pod of a place was replaced.</summary>
    public int Incarnation(int pod) => Volatile.Read(ref _incarnations[pod]);

    /// <summary>From now on the place has another pod.</summary>
    /// <returns>The new incarnation.</returns>
    public int Replace(int pod) => ++_incarnations[pod];

    public ValueTask DisposeAsync()
    {
        Watches.Dispose();
        return _host.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string kind = context.Request.Path.Value!.Split('/')[^1];
        if (context.Request.Query["watch"] == "true")
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            long after = long.TryParse(context.Request.Query["resourceVersion"], out long version) ? version : WatchLog.FirstVersion;
            await Watches.CopyAsync(kind, after, context.Response.Body, context.RequestAborted);
            return;
        }

        // Taken before the objects are written: what changes meanwhile is sent again as an event.
        long listed = Watches.Version;
        int from = int.TryParse(context.Request.Query["continue"], out int next) ? next : 0;
        int limit = int.TryParse(context.Request.Query["limit"], out int asked) ? asked : 500;
        int count = kind switch
        {
            "pods" => _shape.Pods,
            "nodes" => _shape.Nodes,
            "services" or "deployments" or "replicasets" => _shape.Services,
            "endpointslices" => _shape.Slices,
            _ => 0,
        };
        using var page = new MemoryStream();
        string more = from + limit < count ? $",\"continue\":\"{from + limit}\"" : "";
        page.Write(Encoding.UTF8.GetBytes($"{{\"kind\":\"List\",\"metadata\":{{\"resourceVersion\":\"{listed}\"{more}}},\"items\":["));
        for (int index = from; index < Math.Min(from + limit, count); index++)
        {
            if (index > from)
                page.WriteByte((byte)',');
            Write(page, kind, index);
        }

        page.Write("]}"u8);
        await context.Response.Body.WriteAsync(page.GetBuffer().AsMemory(0, (int)page.Length), context.RequestAborted);
    }

    private void Write(Stream to, string kind, int index)
    {
        switch (kind)
        {
            case "pods":
                WritePod(to, index, Incarnation(index));
                break;
            case "nodes":
                _node.Write(to, ClusterShape.Node(index), Ip(172, index), ClusterShape.Uid('c', index));
                break;
            case "services":
                _service.Write(to, ClusterShape.Uid('d', index), ClusterShape.Service(index), Quoted(index), Ip(100, index));
                break;
            case "deployments":
                WriteDeployment(to, index, Incarnation(_shape.PodsOf(index).First), _shape.PodsOf(index).Count);
                break;
            case "replicasets":
                WriteReplicaSet(to, index, Incarnation(_shape.PodsOf(index).First), _shape.PodsOf(index).Count);
                break;
            case "endpointslices":
                WriteSlice(to, index);
                break;
        }
    }

    /// <param name="deletedAt">When it was deleted, if it is terminating.</param>
    public void WritePod(Stream to, int pod, int incarnation, long version = WatchLog.FirstVersion, DateTimeOffset? deletedAt = null)
    {
        int owner = _shape.ServiceOfPod(pod);
        string deleted = deletedAt is { } at ? $"\"deletionTimestamp\":\"{at:yyyy-MM-dd'T'HH:mm:ss'Z'}\",\"deletionGracePeriodSeconds\":30," : "";
        _pod.Write(to, ClusterShape.Uid('a', pod, incarnation), _shape.Pod(pod, incarnation), $"{ClusterShape.Service(owner)}-{ClusterShape.Hash(owner, incarnation)}",
            ClusterShape.Uid('b', owner, incarnation), ClusterShape.Hash(owner, incarnation), Quoted(owner), _shape.NodeOfPod(pod), ClusterShape.PodIp(pod, incarnation).ToString(),
            $"\"resourceVersion\":\"{version}\",{deleted}");
    }

    /// <param name="updated">How many of its pods are of this incarnation.</param>
    public void WriteDeployment(Stream to, int service, int incarnation, int updated)
    {
        int wanted = _shape.PodsOf(service).Count;
        _deployment.Write(to, ClusterShape.Uid('e', service), ClusterShape.Service(service), Quoted(service),
            Revision(incarnation), $"eneration\":{incarnation + 1},", $"eplicas\":{wanted},", $"\"updatedReplicas\":{updated},", updated == wanted ? "NewReplicaSetAvailable" : "ReplicaSetUpdated");
    }

    public void WriteReplicaSet(Stream to, int service, int incarnation, int replicas) => _replicaSet.Write(
        to, ClusterShape.Uid('b', service, incarnation), $"{ClusterShape.Service(service)}-{ClusterShape.Hash(service, incarnation)}", ClusterShape.Uid('e', service),
        ClusterShape.Hash(service, incarnation), Quoted(service), ClusterShape.Service(service), Revision(incarnation), $"eplicas\":{replicas},");

    private static string Revision(int incarnation) => $"\"deployment.kubernetes.io/revision\":\"{incarnation + 1}\"";

    /// <param name="terminating">A pod of an earlier incarnation that is still in it.</param>
    public void WriteSlice(Stream to, int index, long version = 4_000_000, (int Pod, int Incarnation)? terminating = null)
    {
        var (service, first, count) = _shape.Slice(index);
        string name = ClusterShape.Service(service);
        var text = new StringBuilder($"{{\"metadata\":{{\"name\":\"{name}-{index:x5}\",\"namespace\":{Quoted(service)},\"uid\":\"{ClusterShape.Uid('f', index)}\",\"resourceVersion\":\"{version}\",\"labels\":{{\"kubernetes.io/service-name\":\"{name}\"}}}},\"addressType\":\"IPv4\",\"endpoints\":[");
        for (int pod = first; pod < first + count; pod++)
            Endpoint(text.Append(pod > first ? "," : ""), service, pod, Incarnation(pod), isTerminating: false);
        if (terminating is { } old)
            Endpoint(text.Append(','), service, old.Pod, old.Incarnation, isTerminating: true);
        to.Write(Encoding.UTF8.GetBytes(text.Append("],\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":9000}]}").ToString()));
    }

    private void Endpoint(StringBuilder text, int service, int pod, int incarnation, bool isTerminating)
    {
        string serves = isTerminating ? "false" : "true";
        text.Append(
            $"{{\"addresses\":[\"{ClusterShape.PodIp(pod, incarnation)}\"],\"conditions\":{{\"ready\":{serves},\"serving\":{serves},\"terminating\":{(isTerminating ? "true" : "false")}}},\"targetRef\":{{\"kind\":\"Pod\",\"namespace\":{Quoted(service)},\"name\":\"{_shape.Pod(pod, incarnation)}\",\"uid\":\"{ClusterShape.Uid('a', pod, incarnation)}\"}},\"nodeName\":\"{_shape.NodeOfPod(pod)}\",\"zone\":\"eu-central-1a\"}}");
    }

    private static string Quoted(int service) => $"\"{ClusterShape.Namespace(service)}\"";

    private static string Ip(int net, int index) => ClusterShape.Address(net, index).ToString();

    // A pod in production has more environment and annotations than a lab's.
    private static string Longer(string pod) => pod.Replace(
        "\"resources\":{}",
        $"\"env\":[{string.Join(',', Enumerable.Range(0, 14).Select(i => $"{{\"name\":\"SETTING_NUMBER_{i}\",\"value\":\"a value of the usual length\"}}"))}],\"resources\":{{}}",
        StringComparison.Ordinal);

    private static Func<JsonElement, bool> Named(string start) => item => item.GetProperty("metadata").GetProperty("name").GetString()!.StartsWith(start, StringComparison.Ordinal);

    private static string UidOf(string kind, string start) => Field(kind, start, item => item.GetProperty("metadata").GetProperty("uid"));

    private static string FirstIp(string service) => Field("services", service, item => item.GetProperty("spec").GetProperty("clusterIP"));

    private static string Field(string kind, string start, Func<JsonElement, JsonElement> field)
    {
        using var list = JsonTemplate.Recorded(kind);
        return field(list.RootElement.GetProperty("items").EnumerateArray().First(Named(start))).GetString()!;
    }
}
