namespace ConntrackConsole.Collector.Explain;

/// <summary>One piece of evidence.</summary>
internal sealed record EvidenceStatement(EvidenceClass Class, string Sentence);

/// <summary>A mechanism supported by two independent classes of evidence.</summary>
/// <param name="Mechanism">Such as M1; the same names are used everywhere.</param>
/// <param name="Share">What it explains.</param>
internal sealed record Verdict(string Mechanism, string Title, string Share, IReadOnlyList<EvidenceStatement> Reasons, string RefutedBy, string Helps);

/// <summary>Conclusions from the evidence. Pure: the same evidence gives the same text.</summary>
/// <param name="Verdicts">Empty = insufficient.</param>
/// <param name="Missing">Evidence that is missing for a verdict, or for more of them.</param>
internal sealed record Explanation(
    IReadOnlyList<Verdict> Verdicts, IReadOnlyList<string> Missing, IReadOnlyList<string> CannotKnow, IReadOnlyList<string> Commands)
{
    public string Conclusion => Verdicts.Count > 0
        ? string.Join("; ", Verdicts.Select(verdict => $"{verdict.Mechanism}: {verdict.Title}"))
        : "insufficient: missing " + string.Join("; ", Missing);

    public static Explanation Of(Evidence seen)
    {
        var missing = new List<string>();
        // In catalogue order. Several can apply at once.
        Verdict?[] found = [M1(seen, missing), M2(seen), M2b(seen, missing), M3(seen, missing), M4(seen, missing), IpvsMechanism.Of(seen, missing)];
        Verdict[] verdicts = [.. found.OfType<Verdict>()];
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

    private static Verdict? M1(Evidence seen, List<string> missing)
    {
        if (seen.UnNatedResets == 0 || IsLoss(seen))
            return null;
        if (seen.Setting("nf_conntrack_tcp_be_liberal") == 1)
        {
            missing.Add("the cause of un-NATed resets: be_liberal=1, so segments beyond the window are not INVALID");
            return null;
        }

        var reasons = new List<EvidenceStatement> { UnNated(seen) };
        if (seen.Counters.Invalid > 0)
            reasons.Add(new(EvidenceClass.Counters, $"conntrack classified {seen.Counters.Invalid} packets of the node as INVALID during the observation: such packets are not translated"));
        if (seen.Setting("nf_conntrack_tcp_be_liberal") == 0)
            reasons.Add(new(EvidenceClass.Configuration, "nf_conntrack_tcp_be_liberal=0: a segment beyond the window is INVALID"));
        if (seen.Counters.Invalid == 0)
        {
            missing.Add("INVALID packets along with the un-NATed resets: the counter did not increase");
            return null;
        }

        return new("M1", "an INVALID answer of the pod is not translated back, and its client resets the pod's own address",
            $"{seen.UnNatedResets} un-NATed resets{(seen.BackendResetsThatFollow > 0 ? $", and {seen.BackendResetsThatFollow} resets of the backend that followed from them" : "")}",
            reasons, "the INVALID counter does not increase at the next such reset, or an entry of that client was destroyed just before (then M2)",
            "net.netfilter.nf_conntrack_tcp_be_liberal=1 (a stray reset can then end the entry of an idle connection), or a rule that drops INVALID in FORWARD; not tcp_ignore_invalid_rst; never flush");
    }

    private static Verdict? M2(Evidence seen) => seen.UnNatedResets == 0 || !IsLoss(seen) ? null : new(
        "M2", "the entry was lost before its connection ended; the pod's next segment arrived untranslated", $"{seen.UnNatedResets} un-NATed resets",
        [
            UnNated(seen),
            new(EvidenceClass.EntryTransition, $"{seen.LostEntries} established entries were destroyed before their connections ended, {seen.UnNatedEntries} new entries begin with the pod's own address"),
        ],
        "the destroyed entries belong to other clients than the resets", "find what deletes or evicts entries (conntrack -E -e DESTROY); raise nf_conntrack_max; do not flush live pods");

    private static Verdict? M2b(Evidence seen, List<string> missing)
    {
        if (seen.NewBackendResets == 0 || IpvsMechanism.HasEnded(seen))
            return null;
        if (seen.MidStreamEntries == 0)
        {
            missing.Add("the mid-stream entry expected for a reset by a new backend");
            return null;
        }

        return new("M2b", "a lost entry was created again in mid-stream towards another pod, which resets the unknown connection", $"{seen.NewBackendResets} resets",
            [
                new(EvidenceClass.PacketDirection, $"{seen.NewBackendResets} resets came from a backend that never had the connection"),
                new(EvidenceClass.EntryTransition, $"{seen.MidStreamEntries} new entries began ESTABLISHED [UNREPLIED]"),
            ],
            "the pod had accepted that client's connection before", "nothing, if it follows a flush of a dead pod: it is the intended fail-fast");
    }

    private static Verdict? M3(Evidence seen, List<string> missing)
    {
        int resets = seen.BackendResets + seen.RefusedSyns;
        if (resets == 0)
            return null;
        if (seen.Closed == 0)
        {
            missing.Add("entries closed by the backend's resets (they may have closed before the observation)");
            return null;
        }

        var reasons = new List<EvidenceStatement>
        {
            new(EvidenceClass.PacketDirection, $"{seen.BackendResets} resets and {seen.RefusedSyns} refusals came from the pod, correctly translated: its client sees the Service as the sender"),
            new(EvidenceClass.EntryTransition, $"{seen.Closed} of its entries went to CLOSE"),
        };
        if (seen.Counters.Invalid == 0)
            reasons.Add(new(EvidenceClass.Counters, "no INVALID packet: every packet was translated"));
        return new("M3", "the pod itself ends connections that its clients still use: it closes too early, without draining, or is killed when its grace period ends",
            $"{resets} resets of the backend", reasons,
            "the pod continues with the same process (then the application resets on purpose), or another pod has the address now (M5): check its finishedAt, exit code and start",
            "drain at SIGTERM (preStop), a longer grace period; flushes and sysctls do not help");
    }

    private static Verdict? M4(Evidence seen, List<string> missing)
    {
        // Any sign of an answer means that the address is not a black hole.
        if (seen.Stuck == 0 || seen.Answered > 0 || seen.Packets is { From: > 0 })
        {
            if (seen.Established > seen.Idle + seen.Answered + seen.Cut && seen.Seconds < Evidence.StuckSeconds + 2)
                missing.Add($"time: {seen.Established - seen.Idle - seen.Answered - seen.Cut} entries wait for an answer; --seconds {Evidence.StuckSeconds + 5} or more shows whether it comes");
            return null;
        }

        if (seen.Stuck * 2 <= seen.Established - seen.Idle - seen.Cut)
        {
            missing.Add("agreement: less than half of the entries in use wait for an answer");
            return null;
        }

        var reasons = new List<EvidenceStatement>
        {
            new(EvidenceClass.EntryTransition, $"{seen.Stuck} of {seen.Established} ESTABLISHED entries were at or below the unacknowledged timeout ({seen.Setting("nf_conntrack_tcp_timeout_unacknowledged")} s) in every sample for {Evidence.StuckSeconds} s or more; none was answered"),
        };
        if (seen.IsRouteDead)
            reasons.Add(new(EvidenceClass.Configuration, $"{seen.RouteText}: packets to the address do not arrive"));
        if (seen.Packets is { From: 0, To: > 0 } packets)
            reasons.Add(new(EvidenceClass.PacketDirection, $"{packets.To} packets went to the address, none came from it"));
        if (reasons.Count == 1)
        {
            missing.Add("an unanswered packet to the address, or a dead route to it: clients retransmit at growing intervals, so run it again with more --seconds");
            return null;
        }

        return new("M4", "black hole: the pod or its node is gone, its entries remain, its clients hang",
            $"{seen.Stuck} of {seen.Established} established entries", reasons,
            "any packet from the address, or a remaining timeout that rises above the unacknowledged one; a live pod that has the address and only stalls",
            seen.Ipvs is { Connections: { OutlivesFlush: true } ipvs } ? ipvs.Explain()!.TrimEnd('.')
            : $"once it is certain that no live pod has the address: conntrack-collector flush --pod-ip {seen.PodIp} --preset dead-backend on every node (needs tcp_loose=1{(seen.Setting("nf_conntrack_tcp_loose") == 0 ? "; it is 0 here, so a flush does not help" : "")})");
    }

    private static bool IsLoss(Evidence seen) => seen.LostEntries > 0 || seen.UnNatedEntries > 0;

    private static EvidenceStatement UnNated(Evidence seen) => new(EvidenceClass.PacketDirection,
        $"{seen.UnNatedResets} clients of this node reset {seen.PodIp} itself although their entries use a Service address: its answers reached them untranslated");

    private static List<string> CannotKnowOf(Evidence seen)
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

    private static List<string> CommandsFor(Evidence seen, IReadOnlyList<Verdict> verdicts)
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
