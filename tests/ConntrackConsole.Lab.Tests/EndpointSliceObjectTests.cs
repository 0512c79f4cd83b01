using System.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Cluster;
using Xunit;
using k8s;
using k8s.Models;

namespace ConntrackConsole.Lab.Tests;

public sealed class EndpointSliceObjectTests
{
    [Fact]
    public void Slice_AfterItsLastEndpoint_HasANullList()
    {
        var store = new ObjectStore();
        var service = new LabService("shop", "checkout", Ip.Parse("10.100.200.10"), 80, 8080);
        var slice = new EndpointSliceObject(store, service, service.ToJson());
        var pod = new PodObject(store, "shop", "checkout", "hash", "node1", "10.100.0.1", 8080, preStopSeconds: 0);
        Assert.Null(Read(store).Endpoints);

        slice.Set(pod, "10.100.16.2", "node1", ready: false, serving: true, terminating: true);

        var endpoint = Assert.Single(Read(store).Endpoints);
        Assert.Equal(["10.100.16.2"], endpoint.Addresses);
        Assert.True(endpoint.Conditions is { Ready: false, Serving: true, Terminating: true });
        Assert.Equal((pod.Name, "node1"), (endpoint.TargetRef.Name, endpoint.NodeName));
        Assert.Equal("checkout", Read(store).Metadata.Labels["kubernetes.io/service-name"]);
        Assert.Equal(8080, Assert.Single(Read(store).Ports).Port);
        slice.Remove(pod);
        Assert.Null(Read(store).Endpoints);
    }

    private static V1EndpointSlice Read(ObjectStore store) =>
        KubernetesJson.Deserialize<V1EndpointSlice>(Encoding.UTF8.GetString(Assert.Single(store.List("endpointslices", null).Items).Value));
}
