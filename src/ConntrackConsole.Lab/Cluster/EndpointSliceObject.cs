using System.Globalization;
using System.Text.Json.Nodes;

namespace ConntrackConsole.Lab.Cluster;

/// <summary>The single slice of a Service, maintained as by the endpoint slice controller.</summary>
internal sealed class EndpointSliceObject
{
    private readonly ObjectStore _store;
    private readonly JsonObject _json;
    private readonly SortedDictionary<string, JsonObject> _endpoints = new(StringComparer.Ordinal);
    private int _generation;

    public EndpointSliceObject(ObjectStore store, LabService service, JsonObject serviceObject)
    {
        _store = store;
        var metadata = Metadata.Create($"{service.Name}-{Metadata.Suffix(5)}", service.Namespace, new JsonObject
        {
            ["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io",
            ["kubernetes.io/service-name"] = service.Name,
        });
        metadata["generateName"] = $"{service.Name}-";
        metadata["ownerReferences"] = new JsonArray(Metadata.Owner(serviceObject));
        _json = new JsonObject
        {
            ["kind"] = "EndpointSlice",
            ["apiVersion"] = "discovery.k8s.io/v1",
            ["metadata"] = metadata,
            ["addressType"] = service.Address.IsV4 ? "IPv4" : "IPv6",
            ["endpoints"] = null,
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["protocol"] = service.Protocol, ["port"] = service.TargetPort }),
        };
        Put();
    }

    /// <summary>Adds a pod's endpoint or changes its conditions.</summary>
    public void Set(PodObject pod, string ip, string node, bool ready, bool serving, bool terminating)
    {
        lock (_endpoints)
        {
            _endpoints[pod.Name] = new JsonObject
            {
                ["addresses"] = new JsonArray(ip),
                ["conditions"] = new JsonObject { ["ready"] = ready, ["serving"] = serving, ["terminating"] = terminating },
                ["targetRef"] = new JsonObject
                {
                    ["kind"] = "Pod",
                    ["namespace"] = pod.Meta["namespace"]!.DeepClone(),
                    ["name"] = pod.Name,
                    ["uid"] = pod.Meta["uid"]!.DeepClone(),
                },
                ["nodeName"] = node,
                ["zone"] = "lab",
            };
            Put();
        }
    }

    public void Remove(PodObject pod)
    {
        lock (_endpoints)
        {
            if (_endpoints.Remove(pod.Name))
                Put();
        }
    }

    /// <summary>Removes the slice with its Service.</summary>
    public void Delete() => _store.Delete("endpointslices", _json);

    private void Put()
    {
        _json["metadata"]!["generation"] = ++_generation;
        _json["metadata"]!["annotations"] = new JsonObject
        {
            ["endpoints.kubernetes.io/last-change-trigger-time"] =
                DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
        // Without endpoints the slice remains, with "endpoints": null.
        _json["endpoints"] = _endpoints.Count == 0 ? null : new JsonArray([.. _endpoints.Values.Select(endpoint => endpoint.DeepClone())]);
        _store.Put("endpointslices", _json);
    }
}
