namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>Selection of the chart: the canvas highlights it and filters terminations by the selected rollout.</summary>
public sealed record ChartSelection(string? Ip, string? Uid, string? Rollout);
