namespace ConntrackConsole.Timeline.Model;

/// <summary>What one refresh of a page asks for.</summary>
/// <param name="Window">The window on the screen; null where the page still has it.</param>
/// <param name="Headline">A short window that ends now; null where the page takes the window on the screen for it.</param>
/// <param name="Since">What has come since the page was paused; null where it is not.</param>
/// <param name="Pods">Uids and addresses of the pod in the panel.</param>
/// <param name="AsOfMs">The moment at which an address is taken: it may have been another's since; null = now.</param>
public sealed record PageQuery(
    TimelineQuery? Window, TimelineQuery? Headline = null, TimelineQuery? Since = null, IReadOnlyCollection<string>? Pods = null, long? AsOfMs = null);

/// <summary>The answer, with all that is of memory from one snapshot of it.</summary>
/// <param name="Pods">By uid and by address.</param>
public sealed record PageSnapshot(TimelineView? Window, TimelineView? Headline, TimelineView? Since, IReadOnlyDictionary<string, PodDetail> Pods);
