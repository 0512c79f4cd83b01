using ConntrackConsole.Diagnosis;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;

namespace ConntrackConsole.Collector.Explain;

/// <summary>One piece of evidence.</summary>
internal sealed record EvidenceStatement(EvidenceClass Class, string Sentence);

/// <summary>A mechanism supported by two independent classes of evidence.</summary>
/// <param name="Mechanism">Such as M1; the same names are used everywhere.</param>
/// <param name="Share">What it explains.</param>
/// <param name="Code">Stable code for programs.</param>
internal sealed record Verdict(string Mechanism, string Title, string Share, IReadOnlyList<EvidenceStatement> Reasons, string RefutedBy, string Helps, string Code);

/// <summary>The findings of the diagnosis as text. Pure: the same observation gives the same text.</summary>
/// <param name="Verdicts">Empty = insufficient.</param>
/// <param name="Missing">Evidence that is missing for a verdict, or for more of them.</param>
internal sealed record Explanation(
    IReadOnlyList<Verdict> Verdicts, IReadOnlyList<string> Missing, IReadOnlyList<string> CannotKnow, IReadOnlyList<string> Commands)
{
    public string Conclusion => Verdicts.Count > 0
        ? string.Join("; ", Verdicts.Select(verdict => $"{verdict.Mechanism}: {verdict.Title}"))
        : "insufficient: missing " + string.Join("; ", Missing);

    public static Explanation Of(AddressObservation seen)
    {
        var report = DiagnosisEngine.Run(seen.ToEvidence());
        Verdict[] verdicts = [.. report.Findings.Select(Render)];
        List<string> missing = [.. report.Missing.Where(missing => missing.Kind != MissingKind.Source).Select(Render)];
        if (seen.ResetsMissing is { } resets)
            missing.Add("resets: " + resets);
        if (seen.UnknownClientResets > 0)
            missing.Add($"the senders of {seen.UnknownClientResets} resets that the pod received: aborts of clients (harmless) or answers to un-NATed segments (M1, M2). {seen.ResetsIncomplete}".TrimEnd());
        else if (seen.ResetsIncomplete is { } incomplete)
            missing.Add("some resets: " + incomplete);
        if (seen.PacketsMissing is { } packets)
            missing.Add("packets: " + packets);
        if (seen.Cut > 0)
            missing.Add($"a retransmission of {seen.Cut} entries with a short timeout: it fell, or runs down, and that alone proves nothing, because a stray reset leaves it at 10 s or 299 s while both ends are up");
        if (seen.Offloaded > 0)
            missing.Add($"whether {seen.Offloaded} offloaded entries are answered: a flowtable forwards their packets past conntrack, which then has no timeout for them");
        if (seen.Gaps > 0)
            missing.Add($"events in {seen.Gaps} intervals, in which some were lost: run it again");
        if (verdicts.Length == 0 && missing.Count == 0)
        {
            missing.Add(seen.Entries.Count == 0
                ? "an entry with this backend: this node's table has none, so run it on the node of an affected client"
                : $"a reset of this address, or unanswered entries: none in {seen.Seconds} s");
        }

        return new Explanation(verdicts, missing, CannotKnowOf(seen), CommandsFor(seen, verdicts));
    }

    private static Verdict Render(Finding finding) => new(
        finding.Mechanism.Id, finding.Mechanism.Title, finding.Explains.Text,
        [.. finding.Evidence.Select(item => new EvidenceStatement(item.Class, item.Sentence))], finding.RefutedBy, finding.Helps, finding.Mechanism.Code);

    // What a user of this command can do about it.
    private static string Render(MissingEvidence missing) => missing.Kind switch
    {
        MissingKind.Time => $"{missing.What}; --seconds {LookupEvidence.StuckSeconds + 5} or more shows whether it comes",
        MissingKind.UnansweredPacket => $"{missing.What}: clients retransmit at growing intervals, so run it again with more --seconds",
        _ => missing.What,
    };

    private static List<string> CannotKnowOf(AddressObservation seen)
    {
        var unknown = new List<string>
        {
            $"who owns {seen.PodIp} now, and whether its pod terminates: ask the cluster (kubectl get pods -A -o wide)",
            "the entries of other nodes: entries are on the node of each client",
        };
        if (seen.Proxy is not { Answers: true })
            unknown.Add("whether kube-proxy's rules lag: it does not answer on 127.0.0.1:10249");
        if (seen.Ipvs is { IsUsed: true, Connections.Conntrack: not true })
            unknown.Add("what happens to connections of IPVS: net.ipv4.vs.conntrack is not 1, so conntrack has no entries of them (ipvsadm -Lcn)");
        if (seen.Ipvs is { Connections.Unreadable: true })
            unknown.Add("every connection of IPVS: it is loaded, but its table cannot be read (ipvsadm -Lcn)");
        else if (seen.Ipvs is { Connections.Partial: true })
            unknown.Add("all connections of IPVS: its table is too long, or a line of it could not be parsed");
        if (seen.Setting("nf_conntrack_events") is 2)
            unknown.Add("changes of entries older than this run, except those that were looked up: with nf_conntrack_events=2 they emit no events");
        if (seen.Setting("nf_conntrack_events") is 0)
            unknown.Add("any change of an entry between two samples: nf_conntrack_events=0");
        return unknown;
    }

    private static List<string> CommandsFor(AddressObservation seen, IReadOnlyList<Verdict> verdicts)
    {
        string family = seen.PodIp.IsV4 ? "" : " -f ipv6";
        var commands = new List<string>
        {
            $"conntrack -L{family} -r {seen.PodIp}    # -r, not -d: in a Service's flow the pod is only the reply source",
            $"conntrack -E{family} -r {seen.PodIp} -o timestamp",
        };
        if (verdicts.Any(verdict => verdict.Mechanism is "M1" or "M2"))
        {
            commands.Add("conntrack -S    # twice: does invalid= increase with each reset?");
            commands.Add($"tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and dst host {seen.PodIp}'");
        }

        if (seen.Stuck > 0)
        {
            commands.Add($"conntrack -L{family} -p tcp --state ESTABLISHED -r {seen.PodIp}    # twice: the third column must not rise");
            commands.Add($"ip route get {seen.PodIp}");
        }

        if (verdicts.Any(verdict => verdict.Mechanism == "M9"))
        {
            commands.Add($"ipvsadm -Lcn | grep '{seen.PodIp}'    # twice: the time to expiry must not rise");
            commands.Add("ipvsadm -Ln; sysctl net.ipv4.vs.expire_nodest_conn net.ipv4.vs.conntrack");
        }

        return commands;
    }
}
