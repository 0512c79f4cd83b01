using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;

namespace ConntrackConsole.Api.Query;

/// <summary>A page of a list. Parameters of an endpoint are of several types, none of which inherits: the code that binds them does not see what is inherited.</summary>
internal sealed class PageParameters
{
    [FromQuery(Name = "limit"), Description("Maximum number of items.")]
    public string? Limit { get; init; }

    [FromQuery(Name = "continue"), Description("The token that the previous page returned; absent: start with the newest item.")]
    public string? Continue { get; init; }
}

/// <summary>A window of time.</summary>
internal sealed class WindowParameters
{
    [FromQuery(Name = "from"), Description("Start of the window, RFC 3339; absent: no limit.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End of the window, RFC 3339; absent: no limit.")]
    public string? To { get; init; }
}

internal sealed class TerminationsParameters
{
    [FromQuery(Name = "namespace"), Description("Only pods of this namespace.")]
    public string? Namespace { get; init; }

    [FromQuery(Name = "service"), Description("Only pods of this Service, by name.")]
    public string? Service { get; init; }

    [FromQuery(Name = "node"), Description("Only pods on this node.")]
    public string? Node { get; init; }
}

internal sealed class RolloutsParameters
{
    [FromQuery(Name = "namespace"), Description("Only workloads of this namespace.")]
    public string? Namespace { get; init; }

    [FromQuery(Name = "workload"), Description("Only this workload, by name.")]
    public string? Workload { get; init; }
}

internal sealed class RolloutParameters
{
    [FromQuery(Name = "maxResets"), Description("How many connections may break, by a reset or otherwise; more is 'over'. Default 0.")]
    public string? MaxResets { get; init; }
}

internal sealed class FindingsParameters
{
    [FromQuery(Name = "from"), Description("Start of the window, RFC 3339; absent: 15 minutes before its end.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End of the window, RFC 3339; absent: now.")]
    public string? To { get; init; }

    [FromQuery(Name = "namespace"), Description("Only findings of Services of this namespace.")]
    public string? Namespace { get; init; }

    [FromQuery(Name = "service"), Description("Only findings of this Service, by name.")]
    public string? Service { get; init; }
}

internal sealed class ServicesParameters
{
    [FromQuery(Name = "namespace"), Description("Only Services of this namespace.")]
    public string? Namespace { get; init; }

    [FromQuery(Name = "service"), Description("Only this Service, by name or namespace/name.")]
    public string? Service { get; init; }
}

internal sealed class ResetsParameters
{
    [FromQuery(Name = "from"), Description("Start of the window, RFC 3339; absent: 15 minutes before its end.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End of the window, RFC 3339; absent: now.")]
    public string? To { get; init; }

    [FromQuery(Name = "namespace"), Description("Only resets of flows to Services of this namespace.")]
    public string? Namespace { get; init; }

    [FromQuery(Name = "service"), Description("Only resets of flows to this Service, by name or namespace/name.")]
    public string? Service { get; init; }

    [FromQuery(Name = "node"), Description("Only resets that this node reported.")]
    public string? Node { get; init; }

    [FromQuery(Name = "kind"), Description("unNated, fromBackend, refusedSyn, newBackend, clientAbort, direct or other.")]
    public string? Kind { get; init; }

    [FromQuery(Name = "text"), Description("Part of an address with its port, or of the name of a pod, workload or Service.")]
    public string? Text { get; init; }
}

internal sealed class IncidentParameters
{
    [FromQuery(Name = "from"), Description("Start of the window, RFC 3339; required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End of the window, RFC 3339; required. A time to come is now.")]
    public string? To { get; init; }

    [FromQuery(Name = "audit"), Description("Whether the file has the rows of the audit log: true or false. Default true.")]
    public string? Audit { get; init; }
}

internal sealed class IncidentExportParameters
{
    [FromQuery(Name = "format"), Description("markdown, html, csv, json or file (the incident file of its window). Default markdown.")]
    public string? Format { get; init; }

    [FromQuery(Name = "redact"), Description("Whether names and addresses are replaced, the same ones always by the same: true or false. Default false. Not for file.")]
    public string? Redact { get; init; }
}

internal sealed class AuditParameters
{
    [FromQuery(Name = "who"), Description("Only rows of this person.")]
    public string? Who { get; init; }

    [FromQuery(Name = "what"), Description("Only rows of this kind, or of kinds that begin with it and a dot.")]
    public string? What { get; init; }

    [FromQuery(Name = "target"), Description("Only rows about this address, setting or person.")]
    public string? Target { get; init; }

    [FromQuery(Name = "action"), Description("Only rows of the action with this id.")]
    public string? Action { get; init; }

    [FromQuery(Name = "format"), Description("json (a page), csv or jsonl (all matching rows, streamed).")]
    public string? Format { get; init; }
}
