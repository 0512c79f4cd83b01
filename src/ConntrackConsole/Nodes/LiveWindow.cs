namespace ConntrackConsole.Nodes;

/// <summary>The part of time that memory covers.</summary>
internal static class LiveWindow
{
    /// <summary>How far back memory reaches.</summary>
    public const long HorizonMs = 4_096_000;

    /// <summary>How far ahead of the console a node's clock may be before its times are ignored.</summary>
    public const long MaxAheadMs = 10_000;
}
