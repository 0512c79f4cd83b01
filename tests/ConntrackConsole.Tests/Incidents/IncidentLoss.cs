using System.Buffers;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Ownership;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>A source that an incident could as well not have had.</summary>
public enum Loss
{
    /// <summary>No collector can observe resets.</summary>
    Resets,
    /// <summary>No kube-proxy answers.</summary>
    Proxy,
    /// <summary>The console has no cluster.</summary>
    Cluster,
    /// <summary>Nothing arrived for five seconds in the middle.</summary>
    Gap,
    /// <summary>The console was started in the middle.</summary>
    FirstHalf,
}

/// <summary>Takes a source away from an incident.</summary>
internal static class IncidentLoss
{
    private const long GapMs = 5_000;

    public static IncidentWindow Without(this IncidentWindow incident, Loss loss)
    {
        long middleMs = (incident.FromMs + incident.ToMs) / 2;
        return loss switch
        {
            Loss.Resets => incident.Each(frame =>
            {
                frame.Resets.Clear();
                frame.MoreResets = default;
                return true;
            }) is var blind ? blind with { Nodes = [.. blind.Nodes.Select(node => node with { Hello = Blind(node.Hello) })] } : incident,
            Loss.Proxy => incident.Each(frame =>
            {
                frame.Proxy = null;
                return true;
            }),
            Loss.Cluster => incident with { Ownership = new OwnershipWindow([], [], [], 0, false), Terminations = [], Rollouts = [], Restarts = [], Workloads = new Dictionary<string, string>() },
            Loss.Gap => incident.Each(frame => frame.AtMs < middleMs || frame.AtMs >= middleMs + GapMs),
            _ => incident.Each(frame => frame.AtMs >= middleMs) with
            {
                Ownership = Listed(incident.Ownership, middleMs),
                Terminations = [.. incident.Terminations.Where(ended => !(ended.DeletedMs <= middleMs)).Select(ended => Listed(ended, middleMs))],
                Rollouts = [.. incident.Rollouts.Where(rollout => !(rollout.FinishedMs <= middleMs))],
                SettingChanges = [.. incident.SettingChanges.Where(change => change.AtMs > middleMs)],
                Gaps = [.. incident.Gaps.Where(gap => gap.ToMs > middleMs)],
            },
        };
    }

    private static IncidentWindow Each(this IncidentWindow incident, Func<NodeFrame, bool> keeps)
    {
        var frame = new NodeFrame();
        return incident with
        {
            Nodes = [.. incident.Nodes.Select(node => node with { Frames = [.. node.Frames.Select(Change).OfType<IncidentFrame>()] })],
        };

        IncidentFrame? Change(IncidentFrame stored)
        {
            Assert.True(NodeFrameCodec.TryRead(stored.Bytes.Span, frame, out _));
            if (!keeps(frame))
                return null;
            var bytes = new ArrayBufferWriter<byte>();
            NodeFrameCodec.Write(frame, bytes);
            return new IncidentFrame(stored.Run, bytes.WrittenMemory);
        }
    }

    private static Hello? Blind(Hello? hello) => hello is null ? null : hello with
    {
        Capabilities = [.. hello.Capabilities.Select(one => one.Name.StartsWith("resets.", StringComparison.Ordinal) ? one with { Available = false, Detail = "not on this kernel" } : one)],
    };

    // A first list has what exists, with the times that the objects themselves have.
    private static OwnershipWindow Listed(OwnershipWindow all, long atMs)
    {
        var present = all.Owners.Where(span => !(span.ToMs <= atMs)).Select(span => (span.Ip, span.PodUid)).ToHashSet();
        return all with
        {
            Owners = [.. all.Owners.Where(span => present.Contains((span.Ip, span.PodUid))).Select(span => span.FromMs < atMs ? span with { Unseen = span.Unseen | Unseen.Begin } : span)],
            Services = [.. all.Services.Where(span => !(span.ToMs <= atMs)).Select(span => span.FromMs < atMs ? span with { Unseen = span.Unseen | Unseen.Begin } : span)],
            Endpoints = [.. all.Endpoints.Where(span => !(span.ToMs <= atMs)).Select(span => span.FromMs < atMs ? span with { Unseen = span.Unseen | Unseen.Begin } : span)],
        };
    }

    private static Termination Listed(Termination ended, long atMs) => ended with
    {
        EndpointTerminatingMs = Later(ended.EndpointTerminatingMs, atMs), EndpointRemovedMs = Later(ended.EndpointRemovedMs, atMs),
        EndpointNotReadyMs = Later(ended.EndpointNotReadyMs, atMs),
    };

    private static long? Later(long? ms, long atMs) => ms > atMs ? ms : null;
}
