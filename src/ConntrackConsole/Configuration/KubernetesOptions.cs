using ConntrackConsole.Configuration.Keys;

namespace ConntrackConsole.Configuration;

/// <summary>How the console reaches the cluster.</summary>
[ConfigurationSection("Kubernetes")]
internal sealed class KubernetesOptions
{
    /// <summary>Null: a cluster if one is found (in-cluster or a kubeconfig), otherwise none.</summary>
    [ConfigurationKey("whether to watch a cluster", WhenUnset = "if a cluster is found")]
    public bool? Enabled { get; set; }

    [ConfigurationKey("path of a kubeconfig file", WhenUnset = "the pod's own service account")]
    public string? Kubeconfig { get; set; }

    [ConfigurationKey("context of the kubeconfig file (exec plugins and client certificates work)", WhenUnset = "its current-context")]
    public string? Context { get; set; }
}

internal sealed class KubernetesOptionsValidator : OptionsValidator<KubernetesOptions>
{
    protected override IEnumerable<ConfigurationError> Check(KubernetesOptions options)
    {
        if (options is { Context: not null, Kubeconfig: null })
        {
            yield return new ConfigurationError(
                ConfigurationErrorCodes.DependencyMissing, ConfigurationKeys.KubernetesContext,
                $"{ConfigurationKeys.KubernetesContext} names a context of a file, but {ConfigurationKeys.Kubeconfig} is not set: set it, or omit the context.");
        }
    }
}
