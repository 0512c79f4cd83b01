namespace ConntrackConsole.Components.Controls.Timeline;

/// <summary>What is chosen on the chart; the canvas draws it stronger, and only the ends of the chosen rollout.</summary>
public sealed record ChartChoice(string? Ip, string? Uid, string? Rollout);
