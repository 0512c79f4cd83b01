using ConntrackConsole.Collector.Uplink;
using ConntrackConsole.Kernel.Proc;
using k8s;
using k8s.Models;
using Xunit;

namespace ConntrackConsole.Tests.Deploy;

/// <summary>Safety of every installation that can be combined from the base and its components.</summary>
public sealed class ComponentTests
{
    private static readonly string[] Known = ["actions", "monitoring", "networkpolicy", "sidecar", "sysctl", "tokens"];

    public static TheoryData<string> Combinations { get; } =
        [.. Enumerable.Range(0, 1 << Known.Length).Select(set => string.Join('+', Known.Where((_, i) => (set >> i & 1) == 1)))];

    [Fact]
    public void Combinations_AreOfAllComponents() => Assert.Equal(Known, ComponentBuild.Names);

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Pods_AreConfined(string combination)
    {
        var objects = Build(combination);
        V1PodSpec console = objects.OfType<V1Deployment>().Single().Spec.Template.Spec;
        V1PodSpec[] pods = [console, .. objects.OfType<V1DaemonSet>().Select(set => set.Spec.Template.Spec)];

        Assert.Equal(combination.Contains("sidecar", StringComparison.Ordinal) ? 1 : 2, pods.Length);
        Assert.All(pods, pod =>
        {
            Assert.Null(pod.InitContainers);
            Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
            Assert.NotEqual(true, pod.HostPID);
            Assert.NotEqual(true, pod.HostIPC);
            var container = Assert.Single(pod.Containers);
            ManifestTests.AssertConfined(container);
            // The base's kustomization sets name and tag of these two.
            Assert.Contains(container.Image, (string[])["conntrack-console", "conntrack-collector"]);
        });
        Assert.True(console.SecurityContext.RunAsNonRoot);
        Assert.Null(console.Containers.Single().SecurityContext.Capabilities.Add);
    }

    /// <summary>No component adds a right but that of asking who a token belongs to: what the base may read is all that any installation may do.</summary>
    [Theory]
    [MemberData(nameof(Combinations))]
    public void Rights_AreThoseOfTheBase(string combination)
    {
        var objects = Build(combination);

        Assert.DoesNotContain(objects, item => item.Kind is "Role" or "RoleBinding" or "Secret");
        var role = Manifests.Single<V1ClusterRole>();
        var added = objects.OfType<V1ClusterRole>().Where(other => other != role).SelectMany(other => other.Rules).SelectMany(rule => rule.Resources.Select(resource => $"{string.Join(',', rule.Verbs)} {resource}"));
        Assert.Equal(combination.Contains("tokens", StringComparison.Ordinal) ? ["create tokenreviews"] : [], added);
        Assert.All(objects.OfType<V1ClusterRoleBinding>(), binding =>
        {
            Assert.Equal(binding.Metadata.Name, binding.RoleRef.Name);
            var subject = Assert.Single(binding.Subjects);
            Assert.Equal(("console", "conntrack-console"), (subject.Name, subject.NamespaceProperty));
        });
        Assert.Contains(Manifests.Single<V1ClusterRoleBinding>(), objects.OfType<V1ClusterRoleBinding>());
        Assert.All(role.Rules, rule => Assert.Equal(["list", "watch"], rule.Verbs));
        Assert.DoesNotContain("secrets", role.Rules.SelectMany(rule => rule.Resources));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Nodes_AreChangedOnlyWithActions_AndThenTheAuditLogHasAKey(string combination)
    {
        var objects = Build(combination);
        bool actions = combination.Contains("actions", StringComparison.Ordinal);

        var key = objects.OfType<V1Deployment>().Single().Spec.Template.Spec.Containers.Single().Env.Single(variable => variable.Name == "CONNTRACK_AUDIT_KEY");
        Assert.Equal(!actions, key.ValueFrom.SecretKeyRef.Optional);
        foreach (var container in objects.OfType<V1DaemonSet>().Select(set => set.Spec.Template.Spec.Containers.Single()))
        {
            var original = Manifests.Single<V1DaemonSet>().Spec.Template.Spec.Containers.Single();
            Assert.Equal(original.Args.Where(argument => !actions || argument != "--observe-only"), container.Args);
            bool sysctl = combination.Contains("sysctl", StringComparison.Ordinal), tokens = combination.Contains("tokens", StringComparison.Ordinal);
            IEnumerable<string> variables = original.Env.Select(variable => variable.Name)
                .Where(name => (!actions || name != "CONNTRACK_COLLECTOR_OBSERVE_ONLY") && (!tokens || name != "CONNTRACK_CONSOLE_TOKEN"))
                .Concat(sysctl ? ["CONNTRACK_PROC_SYS"] : []).Concat(tokens ? ["CONNTRACK_TOKEN_FILE"] : []);
            Assert.Equal(variables, container.Env.Select(variable => variable.Name));
            Assert.Equal(KubernetesJson.Serialize(original.SecurityContext), KubernetesJson.Serialize(container.SecurityContext));
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Objects_AreInTheNamespaceAndNamedOnce(string combination)
    {
        var objects = Build(combination);

        Assert.All(objects, item => Assert.Contains(item.Metadata.NamespaceProperty, (string?[])[null, "conntrack-console"]));
        Assert.Equal(objects.Count, objects.DistinctBy(item => (item.Kind, item.Metadata.Name)).Count());
        // Kustomize sets the namespace of the base's objects only.
        Assert.All(objects.Except(Manifests.All).Cast<IKubernetesObject<V1ObjectMeta>>().Where(item => item.ApiVersion.Contains("monitoring", StringComparison.Ordinal) || item.Metadata.Name.Contains("egress", StringComparison.Ordinal)),
            item => Assert.Equal("conntrack-console", item.Metadata.NamespaceProperty));
        // The collector is alone in needing the host: without its DaemonSet the strictest level applies.
        string level = combination.Contains("sidecar", StringComparison.Ordinal) ? "restricted" : "privileged";
        Assert.Equal([level, level], objects.OfType<V1Namespace>().Single().Metadata.Labels.Values);
    }

    /// <summary>Of the host only what a component is for: conntrack's settings with "sysctl", and nothing with "tokens", whose token is for the console alone.</summary>
    [Fact]
    public void Volumes_AreThoseOfTheComponent()
    {
        var original = Manifests.Single<V1DaemonSet>().Spec.Template.Spec.Volumes.Select(volume => volume.Name).ToList();
        var sysctl = ComponentBuild.Of("sysctl").OfType<V1DaemonSet>().Single().Spec.Template.Spec;
        var host = Assert.Single(sysctl.Volumes, volume => !original.Contains(volume.Name));
        Assert.Equal(("/proc/sys/net", "Directory"), (host.HostPath.Path, host.HostPath.Type));
        Assert.Equal("/host/proc/sys", sysctl.Containers.Single().Env.Single(variable => variable.Name == Sysctl.RootVariable).Value);
        Assert.Equal("/host/proc/sys/net", sysctl.Containers.Single().VolumeMounts.Single(mount => mount.Name == host.Name).MountPath);

        var tokens = ComponentBuild.Of("tokens");
        var collector = tokens.OfType<V1DaemonSet>().Single().Spec.Template.Spec;
        var token = Assert.Single(collector.Volumes, volume => !original.Contains(volume.Name));
        var source = Assert.Single(token.Projected.Sources).ServiceAccountToken;
        Assert.Equal((256, 3_600L), (token.Projected.DefaultMode, source.ExpirationSeconds));
        var mounted = collector.Containers.Single().VolumeMounts.Single(mount => mount.Name == token.Name);
        Assert.True(mounted.ReadOnlyProperty);
        Assert.Equal($"{mounted.MountPath}/{source.Path}", collector.Containers.Single().Env.Single(variable => variable.Name == NodeCredential.TokenFileVariable).Value);
        // The same audience and account on both sides.
        var console = tokens.OfType<V1Deployment>().Single().Spec.Template.Spec.Containers.Single().Env.ToDictionary(variable => variable.Name);
        Assert.Equal(source.Audience, console["Collectors__Audience"].Value);
        Assert.Equal($"conntrack-console/{collector.ServiceAccountName}", console["Collectors__ServiceAccount"].Value);
        Assert.True(console["Collectors__Token"].ValueFrom.SecretKeyRef.Optional);
    }

    [Fact]
    public void NetworkPolicies_AllowKnownPeersOnly()
    {
        var policies = ComponentBuild.Of("networkpolicy").OfType<V1NetworkPolicy>().ToDictionary(policy => policy.Metadata.Name);

        Assert.Equal(["collector-egress", "console", "console-egress", "deny"], policies.Keys.Order());
        // Nothing is reachable but the console's port, by peers that are named.
        var ingress = policies["console"].Spec.Ingress;
        Assert.Equal(3, ingress.Count);
        Assert.All(ingress, rule =>
        {
            Assert.Equal("http", Assert.Single(rule.Ports).Port.Value);
            Assert.NotEmpty(rule.FromProperty);
        });
        Assert.Equal("192.0.2.0/24", ingress[0].FromProperty.Single().IpBlock.Cidr);
        Assert.Equal(["monitoring", "ingress-nginx"], ingress.Skip(1).Select(rule => rule.FromProperty.Single().NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]));
        Assert.All(policies.Values.Where(policy => policy.Metadata.Name != "console"), policy => Assert.Null(policy.Spec.Ingress));

        Assert.Equal(["Ingress", "Egress"], policies["deny"].Spec.PolicyTypes);
        Assert.Null(policies["deny"].Spec.PodSelector.MatchLabels);
        Assert.Null(policies["deny"].Spec.Egress);
        // Without a peer only the API server's ports; everything else names its peer.
        Assert.All(policies.Values.SelectMany(policy => policy.Spec.Egress ?? []).Where(rule => rule.To is null), rule => Assert.Equal(["443", "6443"], rule.Ports.Select(port => port.Port.Value)));
        Assert.Equal(["53", "53", "443", "6443"], policies["console-egress"].Spec.Egress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value));
        Assert.Equal(["5080", "53", "53"], policies["collector-egress"].Spec.Egress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value));
    }

    [Fact]
    public void Patch_ThatDoesNotFindWhatItRemoves_IsAnError()
    {
        // Guards the builder of these tests: kustomize fails as well where a test operation does not match.
        var failure = Assert.Throws<InvalidDataException>(() => ComponentBuild.Of("actions", "actions"));
        Assert.Contains("--observe-only", failure.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Build(string combination) => ComponentBuild.Of(combination.Split('+', StringSplitOptions.RemoveEmptyEntries));
}
