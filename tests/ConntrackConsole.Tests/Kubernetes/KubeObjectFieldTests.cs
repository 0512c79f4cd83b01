using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Tests.Recordings;
using Xunit;

namespace ConntrackConsole.Tests.Kubernetes;

/// <summary>Parsing of every field, and of malformed objects.</summary>
[Trait("Category", "Parser")]
public class KubeObjectFieldTests
{
    private const string Meta = "\"metadata\":{\"uid\":\"u\",\"namespace\":\"n\",\"name\":\"x\",\"creationTimestamp\":\"2026-11-23T02:00:00Z\"";

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    /// <param name="rest">The JSON after the first fields of metadata.</param>
    private static JsonElement Item(string rest) => Json("{" + Meta + rest);

    [Fact]
    public void Pod_AllFields_AreRead()
    {
        var pod = KubeObject.Pod(Item("""
            ,"deletionTimestamp":"2026-11-23T02:04:24Z","deletionGracePeriodSeconds":4,"labels":{"pod-template-hash":"7dfb"},
              "ownerReferences":[{"kind":"X","name":"no","uid":"no"},{"kind":"ReplicaSet","name":"x-7dfb","uid":"rs","controller":true}]},
             "spec":{"nodeName":"node1","terminationGracePeriodSeconds":30,
               "containers":[{"name":"a"},{"name":"b","lifecycle":{"preStop":{"sleep":{"seconds":5}}},"readinessProbe":{"tcpSocket":{"port":1}}}]},
             "status":{"phase":"Failed","podIP":"10.1.0.5","conditions":[{"type":"Ready","status":"True"},{"type":"DisruptionTarget","status":"True","reason":"EvictionByEvictionAPI"}],
               "containerStatuses":[
                 {"state":{"terminated":{"exitCode":0,"reason":"Completed","finishedAt":"2026-11-23T02:04:20Z"}}},
                 {"state":{"terminated":{"exitCode":137,"signal":9,"reason":"OOMKilled","finishedAt":"2026-11-23T02:04:25Z"}}}]}}
            """))!;
        Assert.Equal(new OwnerRef("ReplicaSet", "x-7dfb", "rs"), pod.Controller);
        Assert.Equal(("7dfb", 4, 30, true, true, true), (pod.TemplateHash, pod.DeletionGraceSeconds, pod.GraceSeconds, pod.HasPreStop, pod.HasReadinessProbe, pod.Ready));
        Assert.Equal(("EvictionByEvictionAPI", 137, 9, "OOMKilled"), (pod.End?.Reason, pod.ExitCode, pod.ExitSignal, pod.ExitReason));
        Assert.Equal(pod.DeletionMs - 4_000, pod.DeletionRequestedMs);
        Assert.Equal(Ms("2026-11-23T02:04:25Z"), pod.FinishedMs);
        Assert.True(pod.ContainersEnded);
    }

    [Theory]
    [InlineData("""{"reason":"Evicted","conditions":[{"type":"DisruptionTarget","status":"True","reason":"TerminationByKubelet"}]}""", "Evicted")]
    [InlineData("""{"conditions":[{"type":"DisruptionTarget","status":"False","reason":"PreemptionByScheduler"}]}""", null)]
    [InlineData("""{"conditions":[null,5,{"type":7},{"type":"DisruptionTarget","status":"True","reason":"DeletionByTaintManager"}]}""", "DeletionByTaintManager")]
    [InlineData("""{"reason":5}""", null)]
    public void Pod_EndReason_IsReadFromStatus(string status, string? reason) =>
        Assert.Equal(reason, KubeObject.Pod(Item("},\"status\":" + status + "}"))!.End?.Reason);

    [Theory]
    [InlineData("""{"initContainers":[{"restartPolicy":"Always","readinessProbe":{}}]}""", false, true)]
    [InlineData("""{"containers":[{"lifecycle":{"postStart":{}}}]}""", false, false)]
    [InlineData("""{"containers":null,"initContainers":{}}""", false, false)]
    [InlineData("""{"containers":[null,"x",{"lifecycle":{"preStop":null}}]}""", false, false)]
    public void Pod_HookAndProbe_AreReadFromAnyContainer(string spec, bool hook, bool probe)
    {
        var pod = KubeObject.Pod(Item("},\"spec\":" + spec + "}"))!;
        Assert.Equal((hook, probe), (pod.HasPreStop, pod.HasReadinessProbe));
    }

    [Fact]
    public void Pod_SidecarStillRunning_ContainersHaveNotEnded() => Assert.False(KubeObject.Pod(Item(
        """},"status":{"phase":"Succeeded","initContainerStatuses":[{"state":{"running":{}}}]}}"""))!.ContainersEnded);

    [Fact]
    public void Service_AllFields_AreRead()
    {
        var service = KubeObject.Service(Item("""
            },"spec":{"clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","fd00::1"],"externalIPs":["192.0.2.1"],"selector":{"app":"x"},"externalTrafficPolicy":"Local",
              "ports":[{"name":"http","port":80,"nodePort":30080,"targetPort":"web"},{"port":53,"protocol":"UDP","targetPort":5353},{"port":9},{"port":0},{"port":70000},null]},
             "status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.1"},{"hostname":"lb.example"},{"ip":"198.51.100.2","ipMode":"Proxy"}]}}}
            """))!;
        Assert.Equal(["10.96.0.1", "fd00::1"], service.ClusterIps.Select(ip => ip.ToString()));
        Assert.Equal(["192.0.2.1", "198.51.100.1"], service.OtherIps.Select(ip => ip.ToString()));
        Assert.Equal(
            [
                new ServicePort("http", Protocols.Tcp, 80, 30080) { TargetPortName = "web" }, new ServicePort(null, Protocols.Udp, 53, 0) { TargetPort = 5353 },
                new ServicePort(null, Protocols.Tcp, 9, 0) { TargetPort = 9 },
            ],
            service.Ports);
        Assert.Equal((false, true, true), (service.Headless, service.HasSelector, service.LocalTraffic));
        Assert.Equal(((bool?)null, (bool?)true), (service.InternalLocal, service.ExternalLocal));
    }

    [Theory]
    [InlineData("\"Local\"", true, true)]
    [InlineData("\"Cluster\"", false, false)]
    [InlineData("\"\"", null, false)]
    [InlineData("7", null, false)]
    public void Service_InternalTrafficPolicy_IsRead(string policy, bool? internalLocal, bool local)
    {
        var service = KubeObject.Service(Item("},\"spec\":{\"internalTrafficPolicy\":" + policy + "}}"))!;
        Assert.Equal((internalLocal, (bool?)null, local), (service.InternalLocal, service.ExternalLocal, service.LocalTraffic));
    }

    [Theory]
    [InlineData("""{"clusterIP":"None","selector":{}}""", true, false)]
    [InlineData("""{"clusterIPs":["None"],"selector":null}""", true, false)]
    [InlineData("""{"type":"ExternalName","externalName":"x.example"}""", false, false)]
    public void Service_HeadlessAndSelector_AreRead(string spec, bool headless, bool selector)
    {
        var service = KubeObject.Service(Item("},\"spec\":" + spec + "}"))!;
        Assert.Equal((headless, selector), (service.Headless, service.HasSelector));
        Assert.Empty(service.ClusterIps);
    }

    [Fact]
    public void Slice_PortsAndFqdn_AreRead()
    {
        var slice = KubeObject.Slice(Item("""},"addressType":"IPv6","ports":[{"name":"","port":8080,"protocol":"TCP"},{"name":"all","port":null}],"endpoints":[null,{"addresses":["fd00::5"]}]}"""))!;
        Assert.Equal([new ServicePort("", Protocols.Tcp, 8080, 0) { TargetPort = 8080 }], slice.Ports);
        Assert.Null(slice.Service);
        Assert.Single(slice.Endpoints);
        var fqdn = KubeObject.Slice(Item("""},"addressType":"FQDN","endpoints":[{"addresses":["x.example"]}]}"""))!;
        Assert.True(fqdn.IsFqdn);
        Assert.Empty(fqdn.Endpoints);
    }

    [Fact]
    public void Node_VersionAndReadySince_AreRead()
    {
        var node = KubeObject.Node(Json(
            """{"metadata":{"uid":"u","name":"node1"},"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"},{"type":"Hostname","address":"10.0.0.9"}],"conditions":[{"type":"Ready","status":"Unknown","lastTransitionTime":"2026-11-23T02:00:00Z"}],"nodeInfo":{"kubeletVersion":"v1.36.2"}}}"""))!;
        Assert.Equal((false, "v1.36.2", Ms("2026-11-23T02:00:00Z")), (node.Reachable, node.KubeletVersion, node.ReadySinceMs));
        Assert.Equal([Ip.Parse("10.0.0.1")], node.Addresses);
    }

    [Fact]
    public void Workload_EachKind_HasItsRevision()
    {
        string status = """{"generation":3,"annotations":{"deployment.kubernetes.io/revision":"7","deprecated.daemonset.template.generation":"4"},"labels":{"pod-template-hash":"abc"}},"spec":{"replicas":5},"status":{"observedGeneration":2,"replicas":6,"updatedReplicas":2,"readyReplicas":4,"availableReplicas":3,"updateRevision":"s-2","currentRevision":"s-1","desiredNumberScheduled":9,"currentNumberScheduled":8,"updatedNumberScheduled":7,"numberReady":6,"numberAvailable":5,"conditions":[{"type":"Progressing","reason":"ReplicaSetUpdated"}]}}""";
        WorkloadInfo Of(WorkloadKind kind) => KubeObject.Workload(kind, Json("{" + Meta + "," + status[1..]))!;
        static string Figures(WorkloadInfo w) => $"{w.Revision} {w.CurrentRevision} {w.Generation}/{w.ObservedGeneration} {w.Desired} {w.Replicas} {w.Updated} {w.Ready} {w.Available} {w.Progress}";
        Assert.Equal("7  3/2 5 6 2 4 3 ReplicaSetUpdated", Figures(Of(WorkloadKind.Deployment)));
        Assert.Equal("7  3/2 5 6 6 4 3 ", Figures(Of(WorkloadKind.ReplicaSet)));
        Assert.Equal("s-2 s-1 3/2 5 6 2 4 3 ", Figures(Of(WorkloadKind.StatefulSet)));
        Assert.Equal("4  3/2 9 8 7 6 5 ", Figures(Of(WorkloadKind.DaemonSet)));
        Assert.Equal("abc", Of(WorkloadKind.ReplicaSet).TemplateHash);
    }

    [Theory]
    [InlineData("""{"eventTime":"2026-11-23T02:00:05.5Z","lastTimestamp":null,"reportingComponent":"kubelet"}""", "2026-11-23T02:00:05.5Z", "kubelet")]
    [InlineData("""{"eventTime":null,"lastTimestamp":"2026-11-23T02:00:06Z","firstTimestamp":"2026-11-23T02:00:01Z","reportingComponent":"","source":{"component":"kubelet"}}""", "2026-11-23T02:00:06Z", "kubelet")]
    [InlineData("""{"firstTimestamp":"2026-11-23T02:00:01Z"}""", "2026-11-23T02:00:01Z", "")]
    [InlineData("""{"message":5}""", "2026-11-23T02:00:00Z", "")]
    public void Event_TimeAndComponent_AreReadFromTheAvailableFields(string fields, string at, string component)
    {
        var reported = KubeObject.Event(Json("{" + Meta + "},\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"p\",\"namespace\":\"shop\",\"uid\":\"pod\"},\"reason\":\"Killing\"," + fields[1..]))!;
        Assert.Equal(("shop", "p", "pod", Ms(at), component), (reported.Namespace, reported.InvolvedName, reported.InvolvedUid, reported.AtMs, reported.Component));
    }

    [Theory]
    [InlineData("Pod", "Pulled")]
    [InlineData("Secret", "Killing")]
    public void Event_Irrelevant_IsSkipped(string kind, string reason) =>
        Assert.Null(KubeObject.Event(Json("{" + Meta + "},\"involvedObject\":{\"kind\":\"" + kind + "\",\"name\":\"p\"},\"reason\":\"" + reason + "\"}")));

    /// <summary>Replaces each value of each recorded object in turn: no parser throws.</summary>
    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("[null,1,\"x\",{},[]]")]
    [InlineData("\"\"")]
    [InlineData("\"\\ud800\"")]
    [InlineData("-1e400")]
    [InlineData("9223372036854775807")]
    [InlineData("\"9999-12-31T23:59:59Z\"")]
    [InlineData("true")]
    public void AnyKind_AnyValueReplaced_IsReadOrSkipped(string instead)
    {
        var files = new RecordedFiles("crash-loop");
        foreach (var kind in WatchedKind.All.Where(k => files.Lists.ContainsKey(k.Name)))
        {
            using var list = JsonDocument.Parse(files.Lists[kind.Name]);
            string item = list.RootElement.GetProperty("items").EnumerateArray().Last().GetRawText();
            int values = Replace(item, -1, instead, out _);
            for (int index = 0; index < values; index++)
            {
                Replace(item, index, instead, out string changed);
                if (kind.Change(Json(changed), false) is { } change)
                    change.ApplyTo(ClusterMap.Empty, 0);
            }
        }
    }

    private static int Replace(string json, int which, string instead, out string changed)
    {
        using var parsed = JsonDocument.Parse(json);
        using var bytes = new MemoryStream();
        int count = 0;
        using (var writer = new Utf8JsonWriter(bytes))
            Copy(parsed.RootElement, writer);
        changed = System.Text.Encoding.UTF8.GetString(bytes.ToArray());
        return count;

        void Copy(JsonElement value, Utf8JsonWriter writer)
        {
            if (count++ == which)
            {
                writer.WriteRawValue(instead, skipInputValidation: true);
            }
            else if (value.ValueKind == JsonValueKind.Object)
            {
                writer.WriteStartObject();
                // managedFields is most of an object and is never read.
                foreach (var field in value.EnumerateObject().Where(f => f.Name != "managedFields"))
                {
                    writer.WritePropertyName(field.Name);
                    Copy(field.Value, writer);
                }

                writer.WriteEndObject();
            }
            else if (value.ValueKind == JsonValueKind.Array)
            {
                writer.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                    Copy(element, writer);
                writer.WriteEndArray();
            }
            else
            {
                value.WriteTo(writer);
            }
        }
    }

    private static long Ms(string time) => DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
