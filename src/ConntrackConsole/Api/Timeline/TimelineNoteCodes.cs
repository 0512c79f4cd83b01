using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Timeline;

/// <summary>Codes of what an answer does not have.</summary>
[ReasonCodes("API: notes of the timeline")]
internal static class TimelineNoteCodes
{
    [Description("Of some Services only the sum is in the answer: their backends were not asked for.")]
    public const string BackendsOmitted = "timeline.backends_omitted";

    [Description("Some sums are those of the backends' maxima, because an earlier version stored no others.")]
    public const string SumsAreUpperBounds = "timeline.sums_are_upper_bounds";
}
