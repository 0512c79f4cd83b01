using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Bench;

/// <summary>
/// An API server of a large cluster, generated on request from objects with the size and fields of recorded ones: one tenth of
/// the Services is large and has slices of 100 endpoints, the others have 5 pods each.
/// </summary>
internal sealed class SyntheticCluster : IAsyncDisposable
{
    public const int Services = 10_000;
    public const int Nodes = 5_000;
    private const int Large = Services / 10;
    private const int SmallPods = 5;
    private const int SliceSize = 100;

    private readonly int _pods;
    private readonly JsonTemplate _pod = new("pods", Named("cart-"), Longer,
        "4173516a-5e62-43bc-bdee-7dc684f3abce", "cart-864fc78d5f-mck95", "cart-864fc78d5f", "6e8ce6e7-6b2e-4266-b8a7-517fcc1e09f1", "864fc78d5f", "\"shop\"", "node2", "10.244.1.9");
    private readonly JsonTemplate _node = new("nodes", Named("node1"), t => t, "node1", "10.213.0.1", UidOf("nodes", "node1"));
    private readonly JsonTemplate _service = new("services", Named("cart"), t => t, UidOf("services", "cart"), "cart", "\"shop\"", FirstIp("cart"));
    private readonly JsonTemplate _deployment = new("deployments", Named("cart"), t => t, UidOf("deployments", "cart"), "cart", "\"shop\"");
    private readonly JsonTemplate _replicaSet = new("replicasets", Named("cart-864fc78d5f"), t => t,
        "6e8ce6e7-6b2e-4266-b8a7-517fcc1e09f1", "cart-864fc78d5f", "3299e4c9-3063-4612-a6ce-81af7dec2de0", "864fc78d5f", "\"shop\"", "cart");
    private readonly WebApplication _host;

    private SyntheticCluster(WebApplication host, int pods) => (_host, _pods) = (host, pods);

    public string Address => _host.Urls.First();

    public int PodBytes => _pod.Bytes;

    public static async Task<SyntheticCluster> StartAsync(int pods)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var host = builder.Build();
        var cluster = new SyntheticCluster(host, pods);
        host.Run(cluster.AnswerAsync);
        await host.StartAsync();
        return cluster;
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string kind = context.Request.Path.Value!.Split('/')[^1];
        if (context.Request.Query["watch"] == "true")
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        int from = int.TryParse(context.Request.Query["continue"], out int next) ? next : 0;
        int limit = int.TryParse(context.Request.Query["limit"], out int asked) ? asked : 500;
        int count = kind switch
        {
            "pods" => _pods,
            "nodes" => Nodes,
            "services" or "deployments" or "replicasets" => Services,
            "endpointslices" => SliceCount,
            _ => 0,
        };
        using var page = new MemoryStream();
        string more = from + limit < count ? $",\"continue\":\"{from + limit}\"" : "";
        page.Write(Encoding.UTF8.GetBytes($"{{\"kind\":\"List\",\"metadata\":{{\"resourceVersion\":\"5000000\"{more}}},\"items\":["));
        for (int index = from; index < Math.Min(from + limit, count); index++)
        {
            if (index > from)
                page.WriteByte((byte)',');
            Write(page, kind, index);
        }

        page.Write("]}"u8);
        await context.Response.Body.WriteAsync(page.GetBuffer().AsMemory(0, (int)page.Length), context.RequestAborted);
    }

    private int LargePods => (_pods - ((Services - Large) * SmallPods)) / Large;

    private int LargeSlices => (LargePods + SliceSize - 1) / SliceSize;

    private int SliceCount => (Large * LargeSlices) + Services - Large;

    private int ServiceOfPod(int pod) => pod < Large * LargePods ? pod / LargePods : Math.Min(Services - 1, Large + ((pod - (Large * LargePods)) / SmallPods));

    private void Write(Stream to, string kind, int index)
    {
        switch (kind)
        {
            case "pods":
                int owner = ServiceOfPod(index);
                _pod.Write(to, Uid('a', index), Pod(index), $"{Name(owner)}-{Hash(owner)}", Uid('b', owner), Hash(owner), Namespace(owner), Node(index), Ip(10, index));
                break;
            case "nodes":
                _node.Write(to, $"node-{index}.eu-central-1.compute.internal", Ip(172, index), Uid('c', index));
                break;
            case "services":
                _service.Write(to, Uid('d', index), Name(index), Namespace(index), Ip(100, index));
                break;
            case "deployments":
                _deployment.Write(to, Uid('e', index), Name(index), Namespace(index));
                break;
            case "replicasets":
                _replicaSet.Write(to, Uid('b', index), $"{Name(index)}-{Hash(index)}", Uid('e', index), Hash(index), Namespace(index), Name(index));
                break;
            case "endpointslices":
                WriteSlice(to, index);
                break;
        }
    }

    private void WriteSlice(Stream to, int index)
    {
        bool large = index < Large * LargeSlices;
        int service = large ? index / LargeSlices : index - (Large * LargeSlices) + Large;
        int first = large ? (service * LargePods) + (index % LargeSlices * SliceSize) : (Large * LargePods) + ((service - Large) * SmallPods);
        int last = large ? Math.Min(first + SliceSize, (service + 1) * LargePods) : first + SmallPods;
        var text = new StringBuilder($"{{\"metadata\":{{\"name\":\"{Name(service)}-{index:x5}\",\"namespace\":{Namespace(service)},\"uid\":\"{Uid('f', index)}\",\"resourceVersion\":\"4000000\",\"labels\":{{\"kubernetes.io/service-name\":\"{Name(service)}\"}}}},\"addressType\":\"IPv4\",\"endpoints\":[");
        for (int pod = first; pod < last; pod++)
        {
            text.Append(pod > first ? "," : "").Append(
                $"{{\"addresses\":[\"{Ip(10, pod)}\"],\"conditions\":{{\"ready\":true,\"serving\":true,\"terminating\":false}},\"targetRef\":{{\"kind\":\"Pod\",\"namespace\":{Namespace(service)},\"name\":\"{Pod(pod)}\",\"uid\":\"{Uid('a', pod)}\"}},\"nodeName\":\"{Node(pod)}\",\"zone\":\"eu-central-1a\"}}");
        }

        to.Write(Encoding.UTF8.GetBytes(text.Append("],\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":9000}]}").ToString()));
    }

    private static string Uid(char of, int index) => $"{of}0000000-0000-4000-8000-{index:x12}";

    private static string Name(int service) => $"backend-for-frontend-{service:d5}";

    private static string Hash(int service) => $"{(uint)(service * 2654435761):x8}5f";

    private static string Namespace(int service) => $"\"team-{service % 400:d3}\"";

    private string Pod(int pod) => $"{Name(ServiceOfPod(pod))}-{Hash(ServiceOfPod(pod))}-{pod:x5}";

    private static string Node(int pod) => $"node-{pod % Nodes}.eu-central-1.compute.internal";

    private static string Ip(int net, int index) => $"{net}.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}";

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
        using var unzipped = new System.IO.Compression.GZipStream(
            File.OpenRead($"tests/fixtures/recordings/rollout-graceful/lists/{kind}.json.gz"), System.IO.Compression.CompressionMode.Decompress);
        using var list = JsonDocument.Parse(unzipped);
        return field(list.RootElement.GetProperty("items").EnumerateArray().First(Named(start))).GetString()!;
    }
}
