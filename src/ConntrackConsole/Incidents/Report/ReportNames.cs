using ConntrackConsole.Incidents.Records;

namespace ConntrackConsole.Incidents.Report;

/// <summary>Names of a report, so that an export can replace them wherever they occur. The first kind that has a name counts.</summary>
internal sealed class ReportNames
{
    private readonly Dictionary<string, string> _kinds = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The kind of each name.</summary>
    public IReadOnlyDictionary<string, string> Kinds => _kinds;

    /// <summary>Adds a name; null and empty ones are left out.</summary>
    /// <param name="kind">namespace, service, pod, node, workload or person.</param>
    /// <param name="name">As it is written.</param>
    public void Add(string kind, string? name)
    {
        if (!string.IsNullOrWhiteSpace(name))
            _kinds.TryAdd(name.Trim(), kind);
    }

    /// <summary>namespace/name, or Kind/name of a workload.</summary>
    public void AddPath(string kind, string? path, string first = "namespace")
    {
        if (path is null)
            return;
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        // The kind of a workload is no secret.
        if (slash > 0 && first.Length > 0)
            Add(first, path[..slash]);
        Add(kind, path[(slash + 1)..]);
    }

    public static ReportNames Of(Incident incident, ReportFacts facts)
    {
        ArgumentNullException.ThrowIfNull(incident);
        ArgumentNullException.ThrowIfNull(facts);
        var names = new ReportNames();
        names.Add("namespace", incident.Namespace);
        names.Add("service", incident.Service);
        foreach (var finding in facts.Findings.Findings.Concat(facts.Findings.Warnings))
            names.Add(finding);
        foreach (var missing in facts.Findings.Insufficient)
            names.AddPath("service", missing.Subject?.Service?.ToString());
        foreach (var ended in facts.Terminations)
        {
            names.AddPath("service", ended.Service?.ToString());
            names.AddPath("pod", $"{ended.Namespace}/{ended.Pod}");
            names.Add("node", ended.Node);
            names.Add("workload", ended.Workload?.Name);
            names.AddPath("pod", ended.IpReusedBy);
        }

        foreach (var rollout in facts.Rollouts)
            names.AddPath("workload", rollout.Workload);
        foreach (var row in facts.Audit)
        {
            foreach (string node in (row.Where ?? "").Split(", ", StringSplitOptions.RemoveEmptyEntries))
                names.Add("node", node);
            names.Add("person", row.Who);
        }

        foreach (string? person in (string?[])[incident.OpenedBy, incident.ClosedBy, .. incident.Participants, .. incident.Events.Select(pinned => pinned.PinnedBy), .. incident.Notes.SelectMany(note => note.Versions).Select(version => version.Author)])
            names.Add("person", person);
        return names;
    }

    private void Add(Findings.ObservedFinding finding)
    {
        AddPath("service", finding.Subject.Service?.ToString());
        foreach (string pod in finding.Pods.Concat(finding.Clients.Select(client => client.Pod).OfType<string>()).Append(finding.Flow.ClientPod ?? "").Append(finding.Flow.NewOwner ?? ""))
            AddPath("pod", pod);
        foreach (string? node in finding.Nodes.Append(finding.Flow.ClientNode).Append(finding.Flow.TranslatingNode).Append(finding.Flow.BackendNode))
            Add("node", node);
        foreach (string workload in finding.Flow.Workloads.Concat(finding.Clients.Select(client => client.Owner).OfType<string>()))
            AddPath("workload", workload, first: "");
    }
}
