using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Cluster;

/// <summary>
/// Reads the few fields we keep out of the API's JSON. Whatever is missing, null or of another type counts as absent: an
/// object of a newer API must not stop the watch.
/// </summary>
public static class KubeObject
{
    private const string ServiceLabel = "kubernetes.io/service-name";

    public static string? ResourceVersion(JsonElement item) => item.Get("metadata").Text("resourceVersion");

    public static PodInfo? Pod(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (meta.Text("uid") is not { } uid || meta.Text("namespace") is not { } ns || meta.Text("name") is not { } name)
            return null;
        var spec = item.Get("spec");
        var status = item.Get("status");
        long? deletion = meta.Time("deletionTimestamp");
        long grace = meta.Number("deletionGracePeriodSeconds") ?? 0;
        string phase = status.Text("phase") ?? "";
        var containers = status.List("containerStatuses").ToList();
        bool running = containers.Any(c => c.Get("state").Get("running").ValueKind == JsonValueKind.Object);
        var ended = containers.Select(c => c.Get("state").Get("terminated")).Where(t => t.ValueKind == JsonValueKind.Object).ToList();
        long? finished = ended.Max(t => t.Time("finishedAt"));
        var last = ended.FirstOrDefault(t => t.Time("finishedAt") == finished);
        return new PodInfo(
            uid, ns, name, spec.Text("nodeName") ?? "", phase,
            Addresses(status.List("podIPs").Select(p => p.Text("ip")).Prepend(status.Text("podIP"))),
            spec.Get("hostNetwork").ValueKind == JsonValueKind.True,
            meta.Time("creationTimestamp") ?? 0, deletion, deletion - (grace * 1000),
            phase is "Succeeded" or "Failed" && !running, finished, (int?)last.Number("exitCode"));
    }

    public static ServiceInfo? Service(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (meta.Text("uid") is not { } uid || meta.Text("namespace") is not { } ns || meta.Text("name") is not { } name)
            return null;
        var spec = item.Get("spec");
        // A headless Service has the word None where others have an address; that parses as no address, as it should.
        return new ServiceInfo(
            uid, new ServiceKey(ns, name),
            Addresses(spec.List("clusterIPs").Select(Text).Prepend(spec.Text("clusterIP"))),
            [
                .. from port in spec.List("ports")
                   let number = port.Number("port")
                   where number is > 0 and <= ushort.MaxValue
                   select new ServicePort(port.Text("name"), Proto(port.Text("protocol")), (ushort)number, (ushort)(port.Number("nodePort") ?? 0)),
            ]);
    }

    public static SliceInfo? Slice(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (meta.Text("uid") is not { } uid || meta.Text("namespace") is not { } ns || meta.Text("name") is not { } name)
            return null;
        string? service = meta.Get("labels").Text(ServiceLabel);
        return new SliceInfo(uid, ns, name, service is null ? null : new ServiceKey(ns, service), [.. item.List("endpoints").Select(Endpoint)]);
    }

    public static NodeInfo? Node(JsonElement item)
    {
        var meta = item.Get("metadata");
        if (meta.Text("uid") is not { } uid || meta.Text("name") is not { } name)
            return null;
        var status = item.Get("status");
        bool ready = status.List("conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True");
        return new NodeInfo(
            uid, name, ready,
            Addresses(status.List("addresses").Where(a => a.Text("type") is "InternalIP" or "ExternalIP").Select(a => a.Text("address"))));
    }

    private static Endpoint Endpoint(JsonElement item)
    {
        var conditions = item.Get("conditions");
        bool ready = conditions.Flag("ready") ?? true;
        var target = item.Get("targetRef");
        return new Endpoint(
            Addresses(item.List("addresses").Select(Text)), ready, conditions.Flag("serving") ?? ready, conditions.Flag("terminating") ?? false,
            target.Text("kind") == "Pod" ? target.Text("uid") : null, item.Text("nodeName"));
    }

    private static byte Proto(string? name) => name switch { "UDP" => Protocols.Udp, "SCTP" => Protocols.Sctp, _ => Protocols.Tcp };

    private static List<Ip> Addresses(IEnumerable<string?> texts)
    {
        var addresses = new List<Ip>();
        foreach (string? text in texts)
        {
            if (Ip.TryParse(text, out var ip) && !addresses.Contains(ip))
                addresses.Add(ip);
        }

        return addresses;
    }

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal static JsonElement Get(this JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) ? value : default;

    internal static string? Text(this JsonElement item, string name) => Text(item.Get(name));

    internal static IEnumerable<JsonElement> List(this JsonElement item, string name) =>
        item.Get(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    private static bool? Flag(this JsonElement item, string name) => item.Get(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    internal static long? Number(this JsonElement item, string name) =>
        item.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number) ? number : null;

    private static long? Time(this JsonElement item, string name) =>
        item.Text(name) is { } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds()
            : null;
}
