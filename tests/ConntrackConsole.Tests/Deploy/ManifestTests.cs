using System.Text.RegularExpressions;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Kubernetes.Parsing;
using Xunit;
using k8s;
using k8s.Models;

namespace ConntrackConsole.Tests.Deploy;

/// <summary>Safety of the default, read-only installation, verified from the manifests.</summary>
public sealed partial class ManifestTests
{
    private static readonly V1PodSpec Collector = Manifests.Single<V1DaemonSet>().Spec.Template.Spec;
    private static readonly V1PodSpec Console = Manifests.Single<V1Deployment>().Spec.Template.Spec;

    [Fact]
    public void Kustomization_NamesEveryFileAndBothImages()
    {
        var kustomization = KubernetesYaml.Deserialize<Dictionary<string, object>>(File.ReadAllText(Path.Combine(Manifests.Folder, "kustomization.yaml")));
        var resources = ((IEnumerable<object>)kustomization["resources"]).Select(name => (string)name).ToList();
        var images = ((IEnumerable<object>)kustomization["images"]).Cast<IDictionary<object, object>>().ToDictionary(image => (string)image["name"]);

        Assert.Equal(Manifests.Files.Select(file => Path.GetFileName(file)!), resources.Order(StringComparer.Ordinal));
        Assert.Equal("conntrack-console", (string)kustomization["namespace"]);
        // Every image in the manifests is a placeholder; this file sets its name and a fixed tag.
        Assert.Equal(Containers().Select(container => container.Image).Order(), images.Keys.Order());
        Assert.All(images.Values, image =>
        {
            Assert.StartsWith("registry.example/", (string)image["newName"], StringComparison.Ordinal);
            Assert.Matches(@"^\d+\.\d+\.\d+$", (string)image["newTag"]);
        });
    }

    [Fact]
    public void Manifests_AreReadStrictly()
    {
        Assert.Equal(10, Manifests.All.Count);
        string wrong = Path.GetTempFileName();
        File.WriteAllText(wrong, "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {typo: ClusterIP}\n");
        Assert.ThrowsAny<Exception>(() => Manifests.Load(wrong).ToList());
        File.Delete(wrong);
    }

    [Fact]
    public void Collector_IsObserveOnlyByOptionAndByVariable()
    {
        var container = Collector.Containers.Single();

        Assert.Equal("run", container.Args[0]);
        Assert.Contains("--observe-only", container.Args);
        Assert.Equal("1", container.Env.Single(variable => variable.Name == "CONNTRACK_COLLECTOR_OBSERVE_ONLY").Value);
        Assert.Null(container.Command); // The image's entry point.
        Assert.Equal("spec.nodeName", container.Env.Single(variable => variable.Name == "NODE_NAME").ValueFrom.FieldRef.FieldPath);
        Assert.Contains("--node=$(NODE_NAME)", container.Args);
    }

    [Fact]
    public void Collector_HasTheLeastCapabilitiesAndTwoFoldersOfTheNode()
    {
        var container = Collector.Containers.Single();
        var security = container.SecurityContext;

        Assert.Equal(["ALL"], security.Capabilities.Drop);
        Assert.Equal(["NET_ADMIN", "NET_RAW"], security.Capabilities.Add.Order());
        Assert.Equal(["/sys/kernel/tracing", "/var/lib/conntrack-collector"], Collector.Volumes.Select(volume => volume.HostPath.Path).Order());
        Assert.Equal(Collector.Volumes.Select(volume => volume.HostPath.Path).Order(), container.VolumeMounts.Select(mount => mount.MountPath).Order());
        Assert.Contains("--state=/var/lib/conntrack-collector", container.Args);
        Assert.True(Collector.HostNetwork);
        Assert.NotEqual(true, Collector.HostPID);
        Assert.NotEqual(true, Collector.HostIPC);
        Assert.Equal("ClusterFirstWithHostNet", Collector.DnsPolicy); // Otherwise the console's name is not resolved.
        Assert.Equal("Exists", Assert.Single(Collector.Tolerations).OperatorProperty);
        Assert.Null(Assert.Single(Collector.Tolerations).Key);
    }

    [Fact]
    public void Containers_AreConfinedAndBounded()
    {
        Assert.All(Containers(), AssertConfined);
        Assert.All([Collector, Console], pod => Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type));
        Assert.True(Console.SecurityContext.RunAsNonRoot);
        Assert.Null(Console.Containers.Single().SecurityContext.Capabilities.Add);
        Assert.NotEqual(true, Console.HostNetwork);
        Assert.All(Console.Volumes, volume => Assert.Null(volume.HostPath));
    }

    [Fact]
    public void ClusterRole_ReadsExactlyTheWatchedKinds()
    {
        var role = Manifests.Single<V1ClusterRole>();

        Assert.All(role.Rules, rule => Assert.Empty(rule.Verbs.Except(["get", "list", "watch"])));
        Assert.All(role.Rules, rule => Assert.True(rule.ResourceNames is null && rule.NonResourceURLs is null));
        var allowed = role.Rules.SelectMany(rule => rule.ApiGroups.SelectMany(group => rule.Resources.Select(resource => $"{group}/{resource}"))).Order().ToList();
        Assert.Equal(
            [
                "/events", "/nodes", "/pods", "/services", "apps/daemonsets", "apps/deployments", "apps/replicasets", "apps/statefulsets",
                "discovery.k8s.io/endpointslices",
            ],
            allowed);
        // "api/v1/pods" and "apis/apps/v1/deployments": what the informer requests is allowed.
        Assert.Empty(WatchedKind.All.Select(kind => kind.Path.Split('/')).Select(path => path[0] == "api" ? $"/{path[^1]}" : $"{path[1]}/{path[^1]}").Except(allowed));
    }

    [Fact]
    public void Accounts_OnlyTheConsolesIsBoundAndMounted()
    {
        var binding = Manifests.Single<V1ClusterRoleBinding>();

        Assert.Equal(("console", "ServiceAccount", "conntrack-console"), (binding.Subjects.Single().Name, binding.Subjects.Single().Kind, binding.Subjects.Single().NamespaceProperty));
        Assert.Equal(Manifests.Single<V1ClusterRole>().Metadata.Name, binding.RoleRef.Name);
        Assert.Equal(("console", "collector"), (Console.ServiceAccountName, Collector.ServiceAccountName));
        Assert.False(Collector.AutomountServiceAccountToken);
        Assert.All(Manifests.All.OfType<V1ServiceAccount>(), account => Assert.False(account.AutomountServiceAccountToken));
    }

    [Fact]
    public void Secrets_AreNamedAndNeverGiven()
    {
        var references = Containers().SelectMany(container => container.Env).Where(variable => variable.Name is "Collectors__Token" or "CONNTRACK_CONSOLE_TOKEN").ToList();

        Assert.Equal(2, references.Count);
        Assert.All(references, variable =>
        {
            Assert.Null(variable.Value);
            Assert.Equal(("collectors-token", "token"), (variable.ValueFrom.SecretKeyRef.Name, variable.ValueFrom.SecretKeyRef.Key));
        });
        // The audit log's key is optional where nothing can be changed.
        var key = Console.Containers.Single().Env.Single(variable => variable.Name == ConfigurationKeys.AuditKeyVariable);
        Assert.Equal((null, "audit-key", "key", true), (key.Value, key.ValueFrom.SecretKeyRef.Name, key.ValueFrom.SecretKeyRef.Key, key.ValueFrom.SecretKeyRef.Optional));
        foreach (string file in Directory.GetFiles(Path.Combine(Manifests.Root, "deploy"), "*", SearchOption.AllDirectories))
            Assert.DoesNotMatch(SecretValue(), File.ReadAllText(file));
        Assert.Contains("create secret generic collectors-token --from-literal=token=", File.ReadAllText(Path.Combine(Manifests.Root, "deploy", "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Console_IsReachedAndProbedWhereItListens()
    {
        var container = Console.Containers.Single();
        var service = Manifests.Single<V1Service>();
        string address = Collector.Containers.Single().Args.Single(argument => argument.StartsWith("--console=", StringComparison.Ordinal));

        Assert.Equal(5080, container.Ports.Single().ContainerPort);
        Assert.Equal($"--console=http://{service.Metadata.Name}.conntrack-console.svc:{service.Spec.Ports.Single().Port}", address);
        Assert.True(service.Spec.PublishNotReadyAddresses);
        var labels = Manifests.Single<V1Deployment>().Spec.Template.Metadata.Labels;
        Assert.All(service.Spec.Selector, label => Assert.Equal(label.Value, labels[label.Key]));
        Assert.All(Manifests.Single<V1NetworkPolicy>().Spec.PodSelector.MatchLabels, label => Assert.Equal(label.Value, labels[label.Key]));
        Assert.Equal(("/healthz", "/healthz", "/readyz"), (container.StartupProbe.HttpGet.Path, container.LivenessProbe.HttpGet.Path, container.ReadinessProbe.HttpGet.Path));
        Assert.Equal((1, "Recreate"), (Manifests.Single<V1Deployment>().Spec.Replicas, Manifests.Single<V1Deployment>().Spec.Strategy.Type));
    }

    [Fact]
    public void Dockerfile_AgreesWithTheManifests()
    {
        string[] stages = File.ReadAllText(Path.Combine(Manifests.Root, "Dockerfile")).Split("\nFROM ");
        string console = stages.Single(stage => stage.Contains(" AS console\n", StringComparison.Ordinal));
        string collector = stages.Single(stage => stage.Contains(" AS collector\n", StringComparison.Ordinal));

        Assert.Contains("ENTRYPOINT [\"./conntrack-console\"]", console, StringComparison.Ordinal);
        Assert.Contains("EXPOSE 5080", console, StringComparison.Ordinal);
        Assert.Contains("ASPNETCORE_URLS=http://+:5080", console, StringComparison.Ordinal);
        Assert.Contains("USER $APP_UID", console, StringComparison.Ordinal);
        Assert.Contains("Storage__DataDirectory=/data", console, StringComparison.Ordinal);
        Assert.Contains("/data", Console.Containers.Single().VolumeMounts.Select(mount => mount.MountPath));
        Assert.Contains("ENTRYPOINT [\"./conntrack-collector\"]", collector, StringComparison.Ordinal);
        Assert.Contains("USER 0:0", collector, StringComparison.Ordinal);
        Assert.Equal(0, Collector.Containers.Single().SecurityContext.RunAsUser);
        Assert.Contains("VOLUME /var/lib/conntrack-collector", collector, StringComparison.Ordinal);
        Assert.Contains($"--chown={Console.SecurityContext.RunAsUser}:{Console.SecurityContext.FsGroup} /out/data /data\n", console, StringComparison.Ordinal);
        // Neither image has a shell, and both run on the distribution that the build linked against.
        Assert.All([console, collector], stage =>
        {
            Assert.Matches("^mcr.microsoft.com/dotnet/[a-z-]+:10.0-noble-chiseled", stage);
            Assert.DoesNotContain("\nRUN ", stage, StringComparison.Ordinal);
        });
        Assert.Contains("\nFROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build\n", "\n" + File.ReadAllText(Path.Combine(Manifests.Root, "Dockerfile")), StringComparison.Ordinal);
    }

    /// <summary>What every container of every installation has to fulfil.</summary>
    internal static void AssertConfined(V1Container container)
    {
        var security = container.SecurityContext;
        Assert.NotEqual(true, security.Privileged);
        Assert.False(security.AllowPrivilegeEscalation);
        Assert.True(security.ReadOnlyRootFilesystem);
        Assert.Equal(["ALL"], security.Capabilities.Drop);
        Assert.Empty((security.Capabilities.Add ?? []).Except(["NET_ADMIN", "NET_RAW"]));
        Assert.True(container.Resources.Requests.ContainsKey("cpu") && container.Resources.Requests.ContainsKey("memory"));
        Assert.True(container.Resources.Limits.ContainsKey("memory"));
    }

    private static IEnumerable<V1Container> Containers() => [.. Collector.Containers, .. Console.Containers];

    // A Secret object, or a long random string.
    [GeneratedRegex(@"kind:\s*Secret\b|stringData|\b[0-9a-fA-F]{32,}\b")]
    private static partial Regex SecretValue();
}
