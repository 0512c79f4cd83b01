using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>What a diagnosis is about.</summary>
/// <param name="Backend">Address of the pod behind the Service; none if only the Service is meant.</param>
/// <param name="Service">The Service's address; null if unknown.</param>
internal readonly record struct DiagnosisSubject(Ip Backend, ServiceAddress? Service = null)
{
    public override string ToString() => (Service, Backend.IsNone) switch
    {
        ({ } service, true) => service.ToString(),
        ({ } service, false) => $"{service} → {Backend}",
        _ => Backend.ToString(),
    };
}

/// <summary>The observed interval, milliseconds of Unix time; both 0 = unknown.</summary>
internal readonly record struct ObservationWindow(long FromMs, long ToMs);

/// <summary>What an observer can know at all.</summary>
internal enum EvidenceScope
{
    /// <summary>Every node and the cluster's objects.</summary>
    Cluster = 0,
    /// <summary>One node without the cluster: who owns an address cannot be known, so a verdict that depends on it carries its refutation instead.</summary>
    Node = 1,
}
