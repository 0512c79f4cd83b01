using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings;

/// <summary>
/// What a diagnosis knows besides the records of an address, live and over stored data alike. Immutable. Times are by the console's clock.
/// </summary>
/// <param name="FromMs">Since when single connections are known, or the start of the requested window.</param>
/// <param name="ToMs">The moment as of which the window is explained.</param>
/// <param name="History">Owners of addresses, endpoints and Services.</param>
internal sealed record FindingWindow(long FromMs, long ToMs, OwnershipHistory History)
{
    /// <summary>By pod uid: terminations that are known.</summary>
    public IReadOnlyDictionary<string, Termination> Terminations { get; init; } = new Dictionary<string, Termination>();

    /// <summary>Ready endpoints of a Service at the end of the window; null if its slices are not known.</summary>
    public required Func<ServiceKey, int?> ReadyEndpoints { get; init; }

    /// <summary>Whether a pod of a node may have an address that is not reported yet, at the end of the window; null if that is not known.</summary>
    public Func<string, bool>? AwaitsAddress { get; init; }

    /// <summary>An address has no place in the collectors' watch list, which is full: its entries are not looked up.</summary>
    public Func<Kernel.Net.Ip, bool>? IsLeftOut { get; init; }

    /// <summary>The silence of a node as of a moment, null if it was heard then; null where only stored frames are known, which do not show how connections ended.</summary>
    public Func<string, long, NodeSilence?>? SilenceOf { get; init; }

    /// <summary>The workload of a pod, as Kind/name; null if it is not known.</summary>
    public Func<string, string?> WorkloadOf { get; init; } = _ => null;

    /// <summary>The workload of a pod, also of one that has ended.</summary>
    public string? WorkloadOfPod(string podUid) => WorkloadOf(podUid) ?? (Terminations.GetValueOrDefault(podUid)?.Workload is { } owner ? $"{owner.Kind}/{owner.Name}" : null);

    /// <summary>The present settings of a node; null if it has not reported any since the start.</summary>
    public required Func<string, IReadOnlyDictionary<string, Nodes.SettingFact>?> SettingsOf { get; init; }

    /// <summary>The introduction of a node's collector; null if it has not connected since the start.</summary>
    public required Func<string, Hello?> HelloOf { get; init; }

    /// <summary>Changes of settings, in any order: what was set at the end of the window is derived from those after it.</summary>
    public IReadOnlyList<ReportedSetting> SettingChanges { get; init; } = [];

    public IReadOnlyList<GapSpan> Gaps { get; init; } = [];

    /// <summary>The same window until an earlier moment.</summary>
    public FindingWindow AsOf(long atMs) => this with { ToMs = atMs, AwaitsAddress = null, ReadyEndpoints = ReadyAt(History, atMs) };

    /// <summary>Ready endpoints of a Service at a moment, by its history alone.</summary>
    public static Func<ServiceKey, int?> ReadyAt(OwnershipHistory history, long atMs)
    {
        Dictionary<ServiceKey, int>? ready = null;
        return service => history.ServiceAt(service, atMs) is null || !history.KnowsSlices ? null : (ready ??= history.ReadyEndpoints(atMs)).GetValueOrDefault(service);
    }
}

/// <summary>What a finding is about.</summary>
/// <param name="Service">Null if no Service is known to have the address.</param>
/// <param name="Address">The address and port by which its clients use the Service; null if there is no entry of it.</param>
internal readonly record struct FindingSubject(Kernel.Net.Ip Backend, ServiceKey? Service, ServiceAddress? Address)
{
    /// <summary>
    /// The same over time. Of a backend, it does not matter which of its Service's addresses has the larger number of entries;
    /// without a backend each address is a subject of its own: a Service of both families is refused at each of them.
    /// </summary>
    public FindingSubject Identity => Service is null || Backend.IsNone ? this : this with { Address = null };

    public override string ToString() => (Service?.ToString() ?? Address?.ToString()) is { } service
        ? Backend.IsNone ? service : $"{service} → {Backend}" : Backend.ToString();
}
