using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Tests.Components;

/// <summary>Views for tests: ten seconds that end at <see cref="NowMs"/>, one column a second.</summary>
internal static class Views
{
    public const long NowMs = 1_800_000_000_000;
    public const int Columns = 10;

    public static TimelineView Of(
        IEnumerable<ServiceLane>? services = null, IEnumerable<TerminationSpan>? terminations = null, ResetLane? resets = null,
        IEnumerable<GapSpan>? gaps = null, IEnumerable<NodeHealth>? nodes = null) =>
        new(NowMs - Columns * 1000, NowMs, 1000, Columns, [.. services ?? []], [.. terminations ?? []],
            resets ?? new ResetLane(Flat(0), Flat(0), Flat(0)), [.. gaps ?? []], [.. nodes ?? [Node("node-a")]], NowMs);

    public static int[] Flat(int value) => [.. Enumerable.Repeat(value, Columns)];

    public static NodeHealth Node(string name, bool connected = true, long silentMs = 500) =>
        new(name, connected, NowMs - silentMs, "0.1.0", [], 10, 1000);

    public static BackendSeries Backend(string ip, int[] entries, EntryState state = EntryState.Active, int[]? stale = null, string? pod = null, OwnerState owner = OwnerState.Live) =>
        new(ip, 8080, pod, owner, state, entries, Flat(0), stale ?? Flat(0));

    public static BackendSeries StaleBackend(string ip, int count, string pod) =>
        Backend(ip, Flat(count), EntryState.Stale, Flat(count), pod, OwnerState.Gone);

    public static ServiceLane Lane(string name, params BackendSeries[] backends) => new("shop", name, "10.96.0.1", 80, "tcp", backends);

    public static TerminationSpan Ended(string ip, string pod, long finishedMs, int stale = 0) =>
        new("uid-" + pod, "shop", pod, ip, "node-a", "orders", finishedMs - 30_000, finishedMs - 29_990, finishedMs + 100, finishedMs, 137, finishedMs + 900, OwnerState.Gone, stale);

    /// <summary>checkout 3 → 4, finished a second ago.</summary>
    public static readonly Rollout Rollout = new("d1/4", WorkloadKind.Deployment, "d1", "shop", "checkout", "4", "3", NowMs - 9_000, NowMs - 7_000, NowMs - 1_000, null);

    /// <summary>A pod terminated by <see cref="Rollout"/>: removed from the rules of one of two nodes, killed after a grace period of five seconds.</summary>
    public static readonly TerminationSpan OfRollout = new(
        "u1", "shop", "checkout-1", "10.1.0.5", "node-a", "shop/checkout", NowMs - 8_000, NowMs - 7_900, NowMs - 3_000, NowMs - 3_000, 137, NowMs - 2_500, OwnerState.Gone, 0)
    {
        Reported = new Termination("u1", "shop", "checkout-1", Ip.Parse("10.1.0.5"), "node-a", new ServiceKey("shop", "checkout"), NowMs - 8_000, NowMs - 7_900, NowMs - 3_000, NowMs - 3_000, 137, NowMs - 2_500)
        {
            Cause = TerminationCause.Rollout, Evidence = "ReplicaSet checkout-3 scaled down", RolloutId = "d1/4", GraceSeconds = 5,
            EndpointNotReadyMs = NowMs - 7_900, SigtermSentMs = NowMs - 7_800, HasPreStop = true, ExitReason = "Error",
        },
        Synced = [new NodeSync("node-a", NowMs - 7_500), new NodeSync("node-b", null)],
    };
}
