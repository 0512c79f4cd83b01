namespace ConntrackConsole.Components.State;

/// <summary>The window of a page, live or fixed, and how its keys move it.</summary>
/// <param name="ToMs">End of a fixed window; null if it is live.</param>
internal readonly record struct TimeWindow(long RangeMs, long? ToMs)
{
    public static TimeWindow Between(long fromMs, long toMs)
    {
        long range = Math.Clamp(toMs - fromMs, LiveState.MinRangeMs, LiveState.MaxRangeMs);
        return new TimeWindow(range, (fromMs + toMs + range) / 2);
    }

    /// <summary>A live view uses a preset range: the next one that is not shorter.</summary>
    public TimeWindow Resumed()
    {
        long range = RangeMs;
        return new TimeWindow(LiveState.Presets.Select(preset => preset.Ms).FirstOrDefault(ms => ms >= range, LiveState.Presets[^1].Ms), null);
    }

    /// <summary>By half a range, earlier (-1) or later (1). Beyond the present it is live.</summary>
    public TimeWindow Panned(int direction, long nowMs)
    {
        long next = (ToMs ?? nowMs) + (direction * RangeMs / 2);
        if (next >= nowMs)
            return ToMs is null ? this : Resumed();
        return Between(next - RangeMs, next);
    }

    /// <summary>Live, the next preset; else twice the range around its middle.</summary>
    public TimeWindow ZoomedOut(long nowMs)
    {
        long range = RangeMs;
        if (ToMs is not { } end)
            return this with { RangeMs = LiveState.Presets.Select(preset => preset.Ms).FirstOrDefault(ms => ms > range, range) };
        long to = Math.Min(nowMs, end + (range / 2));
        return Between(to - (range * 2), to);
    }
}
