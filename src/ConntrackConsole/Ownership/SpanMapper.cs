using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Ownership;

/// <summary>Maps spans to rows and back. A row that cannot be a span is null.</summary>
internal static class SpanMapper
{
    public static OwnerSpanRow Row(OwnerSpan s) => new()
    {
        Ip = s.Ip.ToString(), PodUid = s.PodUid, FullName = s.FullName, Node = s.Node, FromMs = s.FromMs, ToMs = s.ToMs, State = (byte)s.State, Unseen = (byte)s.Unseen,
    };

    public static OwnerSpan? Span(OwnerSpanRow row) => !Ip.TryParse(row.Ip, out var ip) || !Enum.IsDefined((OwnerState)row.State) || row.FromMs > row.ToMs ? null
        : new OwnerSpan(ip, row.PodUid, row.FullName, row.Node, row.FromMs, row.ToMs) { State = (OwnerState)row.State, Unseen = (Unseen)row.Unseen };

    public static ServiceSpanRow Row(ServiceSpan s) => new()
    {
        Namespace = s.Key.Namespace, Name = s.Key.Name, Uid = s.Uid, Vips = SpanSerializer.Vips(s), Ports = SpanSerializer.Ports(s), FromMs = s.FromMs, ToMs = s.ToMs, Unseen = (byte)s.Unseen,
    };

    public static ServiceSpan? Span(ServiceSpanRow row) => row.FromMs > row.ToMs ? null
        : new ServiceSpan(new ServiceKey(row.Namespace, row.Name), row.Uid, SpanSerializer.ToVips(row.Vips), SpanSerializer.ToPorts(row.Ports), row.FromMs, row.ToMs) { Unseen = (Unseen)row.Unseen };

    public static EndpointSpanRow Row(EndpointSpan s) => new()
    {
        Namespace = s.Service.Namespace, Service = s.Service.Name, Ip = s.Ip.ToString(), PodUid = s.PodUid, Ready = s.Ready, Serving = s.Serving, Terminating = s.Terminating,
        FromMs = s.FromMs, ToMs = s.ToMs, Unseen = (byte)s.Unseen,
    };

    public static EndpointSpan? Span(EndpointSpanRow row) => !Ip.TryParse(row.Ip, out var ip) || row.FromMs > row.ToMs ? null
        : new EndpointSpan(new ServiceKey(row.Namespace, row.Service), ip, row.PodUid, row.Ready, row.Serving, row.Terminating, row.FromMs, row.ToMs) { Unseen = (Unseen)row.Unseen };
}
