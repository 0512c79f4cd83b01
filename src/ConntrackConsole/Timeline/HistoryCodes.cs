using System.ComponentModel;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Timeline;

/// <summary>What the history lacks because the console's own work is not done (in the answer of /readyz).</summary>
[ReasonCodes("History, in /readyz")]
internal static class HistoryCodes
{
    [Description("After a start the last hour of some nodes is still being read from the database; their collectors wait.")]
    public const string Loading = "history.loading";

    [Description("Memory holds less than an hour because Storage:MemoryMiB is reached; what is older is read from the database, and the live diagnosis does not have it.")]
    public const string MemoryLimited = "history.memory_limited";

    [Description("The stored history ends more than three minutes ago; the frames are kept until the rollup has caught up.")]
    public const string RollupLate = "history.rollup_late";
}
