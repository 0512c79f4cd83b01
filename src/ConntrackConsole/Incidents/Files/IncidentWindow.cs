using ConntrackConsole.Audit;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Files;

/// <summary>A window with everything that the timeline and the diagnosis need of it. Times are by the console's clock.</summary>
/// <param name="Program">The version of the console that wrote it.</param>
internal sealed record IncidentWindow(long FromMs, long ToMs, string Program)
{
    /// <summary>Maximum length of a window.</summary>
    public const long MaxWindowMs = 24 * 3_600_000;

    /// <summary>Frames, introduction and settings of each node that reported, or that is known otherwise.</summary>
    public IReadOnlyList<IncidentNode> Nodes { get; init; } = [];

    /// <summary>Owners of addresses, Services and endpoints.</summary>
    public OwnershipWindow Ownership { get; init; } = new([], [], [], 0, false);

    /// <summary>Terminations of the window and of the time before it.</summary>
    public IReadOnlyList<Termination> Terminations { get; init; } = [];

    public IReadOnlyList<Rollout> Rollouts { get; init; } = [];

    public IReadOnlyList<PodRestart> Restarts { get; init; } = [];

    /// <summary>Changes of settings since the start of the window.</summary>
    public IReadOnlyList<ReportedSetting> SettingChanges { get; init; } = [];

    /// <summary>The console's own gaps: those of frames are in the frames.</summary>
    public IReadOnlyList<GapSpan> Gaps { get; init; } = [];

    /// <summary>Kind/name of the workload, by pod uid.</summary>
    public IReadOnlyDictionary<string, string> Workloads { get; init; } = new Dictionary<string, string>();

    /// <summary>Rows of the audit log, oldest first.</summary>
    public IReadOnlyList<AuditEntry> Audit { get; init; } = [];

    /// <summary>What people wrote about it; null for a window that was exported by its times.</summary>
    public Incident? Record { get; init; }
}

/// <summary>A node's part of an incident.</summary>
/// <param name="Hello">The introduction of its collector; null if it has not connected since the console started.</param>
/// <param name="Settings">Its settings when the file was written; null if they were not known.</param>
/// <param name="Frames">In the order in which they were made.</param>
internal sealed record IncidentNode(string Name, Hello? Hello, IReadOnlyDictionary<string, SettingFact>? Settings, IReadOnlyList<IncidentFrame> Frames);

/// <summary>A frame as it was received.</summary>
/// <param name="Run">When the collector that made it started.</param>
internal readonly record struct IncidentFrame(long Run, ReadOnlyMemory<byte> Bytes);
