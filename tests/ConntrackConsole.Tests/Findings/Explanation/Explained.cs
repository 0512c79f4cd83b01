using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Findings;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Findings.Explanation;

/// <summary>A finding of each mechanism, in IPv4 and IPv6, with and without what may be unknown.</summary>
internal static class Explained
{
    public const long SinceMs = 1_795_400_000_000;

    public static IEnumerable<string> Codes => MechanismCatalog.All.Select(mechanism => mechanism.Code);

    public static Mechanism MechanismOf(string code) => MechanismCatalog.All.Single(mechanism => mechanism.Code == code);

    public static bool IsUdp(string code) => code is MechanismCodes.UdpDeadBackend or MechanismCodes.UdpUntranslated;

    /// <summary>About the Service only.</summary>
    public static bool HasNoBackend(string code) => code is MechanismCodes.NoEndpoints or MechanismCodes.UdpUntranslated;

    public static string Backend(bool v6) => v6 ? "fd00:1::5" : "10.1.0.5";

    public static string Vip(bool v6) => v6 ? "fd00:96::a" : "10.96.0.10";

    public static ObservedFinding Of(string code, bool v6 = false, string ns = "shop", string service = "checkout", string pod = "checkout-7d9f-a")
    {
        var mechanism = MechanismOf(code);
        if (mechanism.IsWarning)
            return Warning(mechanism);
        bool reused = code is MechanismCodes.AddressReused or MechanismCodes.WrongBackend;
        var backend = HasNoBackend(code) ? default : Ip.Parse(Backend(v6));
        var subject = new FindingSubject(backend, new ServiceKey(ns, service), new ServiceAddress(IsUdp(code) ? Protocols.Udp : Protocols.Tcp, Ip.Parse(Vip(v6)), 80));
        var client = Ip.Parse(v6 ? "fd00:1::99" : "10.1.9.9");
        return new ObservedFinding("finding-1", subject, Finding(mechanism, subject), SinceMs, null)
        {
            Pods = backend.IsNone ? [] : reused ? [$"{ns}/{pod}", $"{ns}/other-b"] : [$"{ns}/{pod}"],
            Nodes = ["node-1"],
            Clients = [new AffectedClient(client, "shop/frontend-1", "Deployment/frontend"), new AffectedClient(Ip.Parse("10.1.9.10"), null, null)],
            Flow = new ObservedFlow
            {
                Client = client, ClientPort = 40_000, ClientPod = "shop/frontend-1", ClientNode = "node-1", TranslatingNode = "node-1", BackendPort = backend.IsNone ? (ushort)0 : (ushort)8080,
                BackendNode = backend.IsNone ? null : "node-2", NewOwner = reused ? $"{ns}/other-b" : null, Workloads = ["Deployment/checkout"],
            },
        };
    }

    /// <summary>Nothing is known but the mechanism and the addresses.</summary>
    public static ObservedFinding Unknown(string code) => Of(code) with { Pods = [], Nodes = [], Clients = [], Flow = ObservedFlow.Unknown, SinceMs = null };

    public static ObservedFinding With(this ObservedFinding observed, params Remedy[] remedies) => observed with { Finding = observed.Finding with { Remedies = remedies } };

    private static ObservedFinding Warning(Mechanism mechanism) =>
        new("finding-w", default, Finding(mechanism, default), null, null) { Nodes = ["node-1"] };

    private static Finding Finding(Mechanism mechanism, FindingSubject subject) => new()
    {
        Mechanism = mechanism, Subject = new DiagnosisSubject(subject.Backend, subject.Address), Explains = new ExplainedShare(ExplainedUnit.Resets, 3, 4, "3 resets"), Confidence = Confidence.Moderate,
        Evidence = [new EvidenceItem(EvidenceClass.PacketDirection, "3 resets", SinceMs), new EvidenceItem(EvidenceClass.Counters, "6 packets")], RefutedBy = mechanism.RefutedBy,
        Helps = mechanism.Helps, Remedies = mechanism.Remedies, Harmful = mechanism.Harmful, SinceMs = SinceMs,
    };
}
