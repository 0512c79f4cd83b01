using System.Globalization;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>The names of a finding's flow, for its sentences.</summary>
internal sealed class PathNames(ObservedFinding observed)
{
    private const int MaxNames = 2;

    private readonly ObservedFlow _flow = observed.Flow;

    public string? Service => observed.Subject.Service?.ToString();

    public string? Vip => observed.Subject.Address is { } address ? WithPort(address.Ip, address.Port) : null;

    public string? Backend => observed.Subject.Backend.IsNone ? null : WithPort(observed.Subject.Backend, _flow.BackendPort);

    public string? BackendPod => _flow.NewOwner ?? (observed.Pods.Count > 0 ? observed.Pods[^1] : null);

    public string? Client => _flow.Client.IsNone ? null : WithPort(_flow.Client, _flow.ClientPort);

    /// <summary>The client, the number of further ones, or that they are not known.</summary>
    public string? ClientName => _flow.Client.IsNone ? null : _flow.ClientPod ?? "outside of the cluster's pods";

    public int MoreClients => Math.Max(0, observed.Clients.Count - 1);

    public string? Nodes => List(observed.Nodes);

    public string? TranslatingNode => _flow.TranslatingNode ?? Nodes;

    public string TheService => Service ?? Vip ?? "the Service";

    public string TheBackend => (BackendPod, Backend) switch
    {
        ({ } pod, { } address) => $"{pod} ({address})",
        ({ } pod, null) => pod,
        (null, { } address) => address,
        _ => "the backend",
    };

    public string TheClient => _flow.ClientPod ?? Client ?? "a client";

    public string TheNode => TranslatingNode ?? "the client's node";

    public static string WithPort(Ip ip, ushort port) => port == 0 ? ip.ToString()
        : string.Create(CultureInfo.InvariantCulture, $"{(ip.IsV4 ? ip.ToString() : $"[{ip}]")}:{port}");

    public static string? List(IReadOnlyList<string> names) => names.Count == 0 ? null : TextSummary.List(names, MaxNames);
}
