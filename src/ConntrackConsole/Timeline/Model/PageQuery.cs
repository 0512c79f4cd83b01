using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Timeline.Model;

/// <summary>The data that one refresh of a page requests.</summary>
/// <param name="Window">The visible window; null if the page has it already.</param>
/// <param name="Headline">A short window that ends now; null if the page uses the visible window for it.</param>
/// <param name="Since">What has arrived since the page was paused; null if it is not paused.</param>
/// <param name="Pods">Uids and addresses of the pods in the panel.</param>
/// <param name="AsOfMs">The moment at which an address is resolved: another pod may have taken it since; null = now.</param>
internal sealed record PageQuery(
    TimelineQuery? Window, TimelineQuery? Headline = null, TimelineQuery? Since = null, IReadOnlyCollection<string>? Pods = null, long? AsOfMs = null)
{
    /// <summary>The time of which resets are counted by address, of those that are kept individually; null if they are not asked for.</summary>
    public (long FromMs, long ToMs)? Resets { get; init; }
}

/// <summary>The result; everything from memory comes from one snapshot.</summary>
/// <param name="Pods">By uid and by address.</param>
internal sealed record PageSnapshot(TimelineView? Window, TimelineView? Headline, TimelineView? Since, IReadOnlyDictionary<string, PodDetail> Pods)
{
    /// <summary>Resets of flows that have the address as their backend, or of packets that contain it; null if they were not asked for.</summary>
    public IReadOnlyDictionary<Ip, int>? Resets { get; init; }
}
