using System.Text;
using ConntrackConsole.Diagnosis.Catalog;

namespace ConntrackConsole.Findings.Explanation;

/// <summary>Makes the packet path of a finding: its shape by mechanism, with the names and addresses of this flow. Pure.</summary>
internal static class PathBuilder
{
    public static PacketPath Of(ObservedFinding observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        var (names, shape) = (new PathNames(observed), ShapeOf(observed));
        var hops = Enum.GetValues<HopKind>().Select(kind =>
        {
            var (request, answer) = (PathShape.Read(shape.Request[(int)kind]), PathShape.Read(shape.Answer[(int)kind]));
            var (name, address, note) = At(kind, observed, names);
            bool fails = request == HopState.Fails || answer == HopState.Fails || (kind == HopKind.Translation && observed.Code == MechanismCodes.Bypassed);
            if (fails && shape.Note.Length > 0)
                note = note is null ? shape.Note : $"{shape.Note} {note}";
            string? sends = shape.Sender == kind ? Fill(shape.Sends, names) : null;
            return new PathHop(kind, Title(kind, observed), name, address, request, answer, note, sends);
        }).ToList();
        return new PacketPath(hops, Summary(hops));
    }

    // Where a packet to a pod that is gone ends depends on what is gone with it.
    private static PathShape ShapeOf(ObservedFinding observed)
    {
        var shape = PathShape.Of(observed.Code);
        return observed is { Flow.IsBackendNodeLost: true, Code: MechanismCodes.BlackHole or MechanismCodes.UdpDeadBackend }
            ? shape with { Request = "++++x.", Note = "This node does not report any more: packets to its pods get no answer." }
            : shape;
    }

    private static string Title(HopKind kind, ObservedFinding observed) => kind switch
    {
        HopKind.ClientPod => "Client",
        HopKind.ClientNode => "Client's node",
        HopKind.Service => "Service",
        HopKind.Translation => IsIpvs(observed) ? "Translation by IPVS" : observed.Code == MechanismCodes.Bypassed ? "Translation, not by conntrack" : "Translation (NAT)",
        HopKind.BackendNode => "Backend's node",
        _ => "Backend pod",
    };

    private static (string? Name, string? Address, string? Note) At(HopKind kind, ObservedFinding observed, PathNames names)
    {
        var flow = observed.Flow;
        bool hasBackend = !observed.Subject.Backend.IsNone;
        return kind switch
        {
            HopKind.ClientPod => (names.ClientName, names.Client, names.MoreClients > 0 ? $"And {names.MoreClients} more." : null),
            HopKind.ClientNode => (flow.ClientNode ?? names.Nodes, null, null),
            HopKind.Service => (names.Service, names.Vip, null),
            HopKind.Translation => (names.TranslatingNode is { } node ? $"on {node}" : null,
                hasBackend && PathShape.Of(observed.Code).Request[(int)HopKind.Translation] != '.' ? $"{names.Vip ?? "?"} → {names.Backend}" : names.Vip, null),
            HopKind.BackendNode => (hasBackend ? flow.BackendNode : null, null, null),
            _ => (hasBackend ? names.BackendPod : observed.Code == MechanismCodes.NoEndpoints ? "none" : null, names.Backend,
                flow.NewOwner is not null && observed.Pods.Count > 1 ? $"Before, the address was {observed.Pods[0]}'s." : null),
        };
    }

    private static bool IsIpvs(ObservedFinding observed) => observed.Finding.Mechanism.Id == "M9";

    private static string Fill(string text, PathNames names) => text
        .Replace("{backend}", names.Backend ?? "the pod's address", StringComparison.Ordinal)
        .Replace("{vip}", names.Vip ?? "the Service's address", StringComparison.Ordinal)
        .Replace("{client}", names.Client ?? "the client", StringComparison.Ordinal);

    // What the drawing shows, for readers who do not see it.
    private static string Summary(List<PathHop> hops)
    {
        var text = new StringBuilder("From the client to the backend: ");
        text.AppendJoin("; ", hops.Select(hop => $"{hop.Title} {Named(hop)}{State("request", hop.Request)}{State("answer", hop.Answer)}"));
        text.Append('.');
        foreach (var hop in hops.Where(hop => hop.Fails && hop.Note is not null))
            text.Append($" At {hop.Title}: {hop.Note}");
        foreach (var hop in hops.Where(hop => hop.Sends is not null))
            text.Append($" {hop.Title} sends {hop.Sends}.");
        return text.ToString();
    }

    private static string Named(PathHop hop) => (hop.Name, hop.Address) switch
    {
        (null, null) => "unknown",
        ({ } name, null) => name,
        (null, { } address) => $"of unknown name at {address}",
        var (name, address) => $"{name} at {address}",
    };

    private static string State(string direction, HopState state) => state switch
    {
        HopState.Fails => $", the {direction} fails here",
        HopState.NotReached => $", no {direction} comes here",
        HopState.Unknown => $", the {direction} is unknown here",
        _ => "",
    };
}
