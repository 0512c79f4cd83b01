using System.Globalization;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Lifecycle;

/// <summary>
/// Something in a pod started again while the pod lived: a container (its connections are reset), or the pod's sandbox with another
/// address (its connections hang). No pod ended.
/// </summary>
/// <param name="Container">Empty if the sandbox was created again.</param>
/// <param name="Count">restartCount of the container; of a sandbox, how often it was seen to get another address.</param>
/// <param name="AtMs">When the container's last run ended, on the cluster's clock; else when it was seen.</param>
/// <param name="ExitCode">Of the container's last run, if known.</param>
/// <param name="Reason">Of the end of the container's last run: OOMKilled, Error, Completed.</param>
public sealed record PodRestart(
    string Uid, string Namespace, string Pod, string Node, ServiceKey? Service, string Container, int Count, long AtMs, int? ExitCode, string? Reason)
{
    /// <summary>The address that the pod lost; none if it kept its address.</summary>
    public Ip FormerIp { get; init; }

    /// <summary>The pod's address since then.</summary>
    public Ip Ip { get; init; }

    /// <summary>namespace/name of its Service; null if no slice names the pod.</summary>
    public string? ServiceName => Service?.ToString();

    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Uid}/{Container}/{Count}");

    public PodRestartKind Kind => Container.Length == 0 ? PodRestartKind.Sandbox : Reason == "OOMKilled" ? PodRestartKind.OutOfMemory : PodRestartKind.Container;
}

/// <summary>What started again in a pod.</summary>
public enum PodRestartKind
{
    /// <summary>A container.</summary>
    Container,
    /// <summary>A container that exceeded its memory limit.</summary>
    OutOfMemory,
    /// <summary>The sandbox, with another address.</summary>
    Sandbox,
}
