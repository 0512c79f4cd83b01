using ConntrackConsole.Storage;

namespace ConntrackConsole.Ownership;

/// <summary>Writes spans with prepared statements: the first list of a large cluster creates 300,000.</summary>
internal static class SpanWriter
{
    // Updates the open span with this key: if two started in the same millisecond, the other one is already closed.
    private const string EndOwner =
        "UPDATE Owners SET ToMs = $a, Unseen = $b WHERE Ip = $c AND FromMs = $d AND PodUid = $e AND State = $f AND ToMs IS NULL";

    private const string AddOwner =
        "INSERT INTO Owners (ToMs, Unseen, Ip, FromMs, PodUid, State, FullName, Node) VALUES ($a, $b, $c, $d, $e, $f, $g, $h)";

    private const string EndService =
        "UPDATE ServiceSpans SET ToMs = $a, Unseen = $b WHERE Namespace = $c AND Name = $d AND FromMs = $e AND Uid = $f AND ToMs IS NULL";

    private const string AddService =
        "INSERT INTO ServiceSpans (ToMs, Unseen, Namespace, Name, FromMs, Uid, Vips, Ports) VALUES ($a, $b, $c, $d, $e, $f, $g, $h)";

    private const string EndEndpoint =
        "UPDATE EndpointSpans SET ToMs = $a, Unseen = $b WHERE Namespace = $c AND Service = $d AND Ip = $e AND FromMs = $f AND ToMs IS NULL";

    private const string AddEndpoint =
        "INSERT INTO EndpointSpans (ToMs, Unseen, Namespace, Service, Ip, FromMs, PodUid, Ready, Serving, Terminating) "
        + "VALUES ($a, $b, $c, $d, $e, $f, $g, $h, $i, $j)";

    private const string EndUnaddressed =
        "DELETE FROM UnaddressedPods WHERE Uid = $a";

    private const string AddUnaddressed =
        "INSERT OR REPLACE INTO UnaddressedPods (Uid, FullName, Node) VALUES ($a, $b, $c)";

    public static void Write(BulkConnection rows, object span, bool isNew)
    {
        switch (span)
        {
            case OwnerSpan o when isNew:
                rows.Execute(AddOwner, o.ToMs, (int)o.Unseen, o.Ip.ToString(), o.FromMs, o.PodUid, (int)o.State, o.FullName, o.Node);
                break;
            case OwnerSpan o:
                rows.Execute(EndOwner, o.ToMs, (int)o.Unseen, o.Ip.ToString(), o.FromMs, o.PodUid, (int)o.State);
                break;
            case ServiceSpan s when isNew:
                rows.Execute(AddService, s.ToMs, (int)s.Unseen, s.Key.Namespace, s.Key.Name, s.FromMs, s.Uid, SpanSerializer.Vips(s), SpanSerializer.Ports(s));
                break;
            case ServiceSpan s:
                rows.Execute(EndService, s.ToMs, (int)s.Unseen, s.Key.Namespace, s.Key.Name, s.FromMs, s.Uid);
                break;
            case EndpointSpan e when isNew:
                rows.Execute(AddEndpoint, e.ToMs, (int)e.Unseen, e.Service.Namespace, e.Service.Name, e.Ip.ToString(), e.FromMs, e.PodUid, e.Ready, e.Serving, e.Terminating);
                break;
            case EndpointSpan e:
                rows.Execute(EndEndpoint, e.ToMs, (int)e.Unseen, e.Service.Namespace, e.Service.Name, e.Ip.ToString(), e.FromMs);
                break;
            case UnaddressedPod p when isNew:
                rows.Execute(AddUnaddressed, p.Uid, p.FullName, p.Node);
                break;
            case UnaddressedPod p:
                rows.Execute(EndUnaddressed, p.Uid);
                break;
        }
    }
}
