using k8s;
using k8s.Models;
using Xunit;

namespace ConntrackConsole.Tests.Deploy;

/// <summary>The patch of kube-proxy's DaemonSet adds a confined container, and changes nothing of kube-proxy itself.</summary>
public sealed class SidecarTests
{
    private static readonly string Folder = Path.Combine(ComponentBuild.Folder, "sidecar");
    private static readonly V1DaemonSet Patch = (V1DaemonSet)Manifests.Load(Path.Combine(Folder, "kube-proxy.yaml")).Single();
    private static readonly V1PodSpec Pod = Patch.Spec.Template.Spec;
    private static readonly V1Container Container = Pod.Containers.Single();
    private static readonly V1Container Original = Manifests.Single<V1DaemonSet>().Spec.Template.Spec.Containers.Single();

    [Fact]
    public void Patch_AddsOneContainerAndItsVolumesOnly()
    {
        Assert.Equal(("kube-proxy", "kube-system"), (Patch.Metadata.Name, Patch.Metadata.NamespaceProperty));
        Assert.NotEqual("kube-proxy", Container.Name);
        // All else of the pod is kube-proxy's: above all its DNS policy, without which it could not start before cluster DNS works.
        var rest = new V1PodSpec { Containers = Pod.Containers, Volumes = Pod.Volumes };
        Assert.Equal(KubernetesJson.Serialize(rest), KubernetesJson.Serialize(Pod));
        var template = new V1PodTemplateSpec { Metadata = new() { Annotations = new Dictionary<string, string> { ["kubectl.kubernetes.io/default-container"] = "kube-proxy" } }, Spec = Pod };
        Assert.Equal(KubernetesJson.Serialize(new V1DaemonSetSpec { Template = template }), KubernetesJson.Serialize(Patch.Spec));
    }

    [Fact]
    public void Container_IsConfinedAsTheDaemonSets()
    {
        ManifestTests.AssertConfined(Container);
        Assert.Equal(Original.SecurityContext.Capabilities.Add.Order(), Container.SecurityContext.Capabilities.Add.Order());
        // The pod is kube-proxy's: what the base sets at the pod is set at the container here.
        Assert.Equal("RuntimeDefault", Container.SecurityContext.SeccompProfile.Type);
        Assert.Equal((0, 0), (Container.SecurityContext.RunAsUser, Container.SecurityContext.RunAsGroup));
        Assert.Equal(KubernetesJson.Serialize(Original.Resources), KubernetesJson.Serialize(Container.Resources));
    }

    [Fact]
    public void Container_RunsWhatTheDaemonSetRuns()
    {
        Assert.Equal(Original.Args.Where(argument => !argument.StartsWith("--console=", StringComparison.Ordinal)).Append("--console=$(CONSOLE_URL)").Order(), Container.Args.Order());
        Assert.Equal("1", Container.Env.Single(variable => variable.Name == "CONNTRACK_COLLECTOR_OBSERVE_ONLY").Value);
        Assert.All(Container.Env.Where(variable => variable.Name is "CONSOLE_URL" or "CONNTRACK_CONSOLE_TOKEN"), variable => Assert.Equal((null, "conntrack-collector"), (variable.Value, variable.ValueFrom.SecretKeyRef.Name)));
        Assert.Equal(Original.Env.Select(variable => variable.Name).Append("CONSOLE_URL").Order(), Container.Env.Select(variable => variable.Name).Order());

        var kustomization = ComponentBuild.Read<Dictionary<string, object>>(Path.Combine(Manifests.Folder, "kustomization.yaml"));
        var image = ((IEnumerable<object>)kustomization["images"]).Cast<IDictionary<object, object>>().Single(image => (string)image["name"] == Original.Image);
        Assert.Equal($"{image["newName"]}:{image["newTag"]}", Container.Image);
    }

    [Fact]
    public void Container_HasTheSameFoldersOfTheNode_AndNotKubeProxysToken()
    {
        Assert.Equal(
            Manifests.Single<V1DaemonSet>().Spec.Template.Spec.Volumes.Select(volume => volume.HostPath.Path).Order(),
            Pod.Volumes.Select(volume => volume.HostPath?.Path).OfType<string>().Order());
        var hidden = Container.VolumeMounts.Single(mount => mount.MountPath == "/var/run/secrets/kubernetes.io/serviceaccount");
        Assert.NotNull(Pod.Volumes.Single(volume => volume.Name == hidden.Name).EmptyDir);
        Assert.Equal(Pod.Volumes.Select(volume => volume.Name).Order(), Container.VolumeMounts.Select(mount => mount.Name).Order());
    }

    [Fact]
    public void Removal_NamesAllThatWasAdded()
    {
        string text = File.ReadAllText(Path.Combine(Folder, "remove.yaml"));

        Assert.All(Pod.Volumes.Select(volume => volume.Name).Append(Container.Name), name => Assert.Contains($"{{name: {name}, $patch: delete}}", text, StringComparison.Ordinal));
        Assert.All(Patch.Spec.Template.Metadata.Annotations.Keys, key => Assert.Contains($"{key}: null", text, StringComparison.Ordinal));
        Assert.Equal(Pod.Volumes.Count + 1, text.Split("$patch: delete").Length - 1);
    }
}
