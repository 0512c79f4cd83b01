using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>Everything that is known of one subject in one window. A source that is not set is missing, and no rule takes it for calm.</summary>
internal sealed record Evidence
{
    public required DiagnosisSubject Subject { get; init; }

    public EvidenceScope Scope { get; init; }

    public ObservationWindow Window { get; init; }

    /// <summary>Class: packet direction.</summary>
    public Source<ResetEvidence> Resets { get; init; }

    /// <summary>Class: packet direction.</summary>
    public Source<TrafficEvidence> Traffic { get; init; }

    /// <summary>Class: entry transition.</summary>
    public Source<EntryEvidence> Entries { get; init; }

    /// <summary>Class: entry transition.</summary>
    public Source<LookupEvidence> Lookups { get; init; }

    /// <summary>Class: entry transition. <see cref="IpvsEvidence.NotLoaded"/> where IPVS is not loaded.</summary>
    public Source<IpvsEvidence> Ipvs { get; init; }

    /// <summary>Class: lifecycle.</summary>
    public Source<LifecycleEvidence> Lifecycle { get; init; }

    /// <summary>Class: counters.</summary>
    public Source<CounterEvidence> Counters { get; init; }

    /// <summary>Class: counters.</summary>
    public Source<ProxyEvidence> Proxy { get; init; }

    /// <summary>Class: configuration.</summary>
    public Source<SettingEvidence> Settings { get; init; }

    /// <summary>Class: configuration.</summary>
    public Source<RouteEvidence> Route { get; init; }

    /// <summary>Intervals of the window for which data is missing.</summary>
    public IReadOnlyList<Gap> Gaps { get; init; } = [];

    /// <summary>Some events of entries may not have been seen: that something did not happen to an entry is then not known.</summary>
    public bool MissesEvents => Gaps.Any(gap => gap.Kind is not (GapKind.ResetsLost or GapKind.ResetsTruncated or GapKind.Started));

    /// <summary>No packet came from the address, as far as packets were counted.</summary>
    public bool IsSilent => Traffic.Value?.Packets is null or { From: 0 };
}
