using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>The part of an address's records that belongs to one Service, with the console's times.</summary>
internal sealed record SubjectRecords(FindingSubject Subject, AddressRecord Record)
{
    public List<CapturedGroup> Groups { get; } = [];

    public List<(NodeRecord Node, Reset Reset)> Resets { get; } = [];

    public List<(NodeRecord Node, FlowNote Note)> Notes { get; } = [];

    public List<LateAnswer> LateAnswers { get; } = [];

    public List<ServiceRefusal> Refusals { get; } = [];

    /// <summary>The nodes that have something of it.</summary>
    public HashSet<NodeRecord> Nodes { get; } = new(ReferenceEqualityComparer.Instance as IEqualityComparer<NodeRecord>);

    /// <summary>Look-ups count all entries of an address: they are of the Service with the larger number of its entries.</summary>
    public bool HasLookups { get; private set; }

    /// <summary>A node has, or had, entries of it.</summary>
    public bool HasEntriesOn(int slot) => Groups.Exists(group => group.Members.Any(member => member.Slot == slot));

    /// <summary>Divides the records of an address by Service.</summary>
    public static IReadOnlyList<SubjectRecords> Divide(FindingWindow window, AddressRecord record)
    {
        var parts = new Dictionary<(ServiceKey?, VipKey?), SubjectRecords>();
        var entries = new Dictionary<SubjectRecords, long>();
        foreach (var group in record.Groups)
        {
            if (group.Key.Vip.IsNone)
                continue;
            var part = Of(new VipKey(group.Key.Proto, group.Key.Vip, group.Key.Vport), window.ToMs);
            part.Groups.Add(group);
            entries[part] = entries.GetValueOrDefault(part) + group.Members.Sum(member => (long)member.Now[(int)FlowState.Established]);
            part.Nodes.UnionWith(group.Members.Select(member => record.Nodes[member.Slot]));
        }

        foreach (var incidents in record.Incidents)
        {
            var node = record.Nodes[incidents.Slot];
            long offsetMs = node.Head.ClockOffsetMs;
            foreach (var reported in incidents.Resets)
            {
                var reset = reported with { AtMs = reported.AtMs + offsetMs };
                if (IsWithin(reset.AtMs))
                    Add(reset.Vip.IsNone ? null : Of(new VipKey(Protocols.Tcp, reset.Vip, reset.Vport), reset.AtMs), part => part.Resets.Add((node, reset)), node);
            }

            foreach (var reported in incidents.Notes)
            {
                var note = reported with { AtMs = reported.AtMs + offsetMs };
                if (!IsWithin(note.AtMs) || (note.Backend != record.Ip && note.Src != record.Ip))
                    continue;
                Add(note.Kind == FlowNoteKind.UnNated ? null : Of(new VipKey(Protocols.Tcp, note.Dst, note.Dport), note.AtMs), part => part.Notes.Add((node, note)), node);
            }

            foreach (var reported in incidents.LateAnswers)
            {
                var late = reported with { AtMs = reported.AtMs + offsetMs };
                if (IsWithin(late.AtMs))
                    Add(Of(new VipKey(Protocols.Tcp, late.Vip, late.Vport), late.AtMs), part => part.LateAnswers.Add(late), node);
            }
        }

        foreach (var incidents in record.Incidents)
        {
            var node = record.Nodes[incidents.Slot];
            foreach (var reported in incidents.Refusals)
            {
                var refusal = reported with { AtMs = reported.AtMs + node.Head.ClockOffsetMs };
                // A refusal does not contain the port: the endpoints are those of the Service.
                if (IsWithin(refusal.AtMs) && window.History.ServiceWith(record.Ip, refusal.AtMs) is { Ports: [var port, ..] })
                    Add(Of(new VipKey(port.Proto, record.Ip, port.Port), refusal.AtMs), part => part.Refusals.Add(refusal), node);
            }
        }

        if (record.Incidents.Any(incidents => incidents.Lookups.Length > 0))
        {
            var first = entries.Count > 0 ? entries.MaxBy(pair => pair.Value).Key : parts.Values.FirstOrDefault() ?? Former();
            if (first is not null)
            {
                first.HasLookups = true;
                first.Nodes.UnionWith(record.Incidents.Where(incidents => incidents.Lookups.Length > 0).Select(incidents => record.Nodes[incidents.Slot]));
            }
        }

        return [.. parts.Values];

        bool IsWithin(long atMs) => atMs >= window.FromMs && atMs <= window.ToMs;

        // What does not name a Service may be of each of them.
        void Add(SubjectRecords? part, Action<SubjectRecords> add, NodeRecord node)
        {
            foreach (var one in part is null ? parts.Values.ToList() : [part])
            {
                add(one);
                one.Nodes.Add(node);
            }
        }

        SubjectRecords? Former() => null;

        SubjectRecords Of(VipKey vip, long atMs)
        {
            var service = ServiceOf(window.History, vip, atMs);
            var key = (service, service is null ? vip : (VipKey?)null);
            if (!parts.TryGetValue(key, out var part))
                parts[key] = part = new SubjectRecords(new FindingSubject(record.Ip == vip.Ip ? default : record.Ip, service, new ServiceAddress(vip.Proto, vip.Ip, vip.Port)), record);
            return part;
        }
    }

    /// <summary>The Service that had a virtual address, also after its end: entries outlive it.</summary>
    public static ServiceKey? ServiceOf(OwnershipHistory history, VipKey vip, long atMs) =>
        (history.ServiceAt(vip.Proto, vip.Ip, vip.Port, atMs) ?? history.LastServiceUntil(vip.Proto, vip.Ip, vip.Port, atMs))?.Key;
}

/// <summary>A virtual address with protocol and port.</summary>
internal readonly record struct VipKey(byte Proto, Ip Ip, ushort Port);
