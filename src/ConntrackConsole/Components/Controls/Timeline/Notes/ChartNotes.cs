namespace ConntrackConsole.Components.Controls.Timeline.Notes;

/// <summary>What the timeline shows beside its view (wwwroot/js/spans.js).</summary>
/// <param name="Findings">The most relevant one first.</param>
/// <param name="Actions">The newest one first.</param>
/// <param name="Settings">Changes that nodes reported, the newest one first.</param>
internal sealed record ChartNotes(IReadOnlyList<ChartSpan> Findings, IReadOnlyList<ChartSpan> Actions, IReadOnlyList<ChartSpan> Settings)
{
    public static readonly ChartNotes None = new([], [], []);

    /// <summary>Whether a bar leads to this page: a browser may ask for any.</summary>
    public bool Has(string href) => Findings.Concat(Actions).Any(span => span.Href == href);
}

/// <summary>A bar with words.</summary>
/// <param name="FromMs">Its beginning, milliseconds of Unix time.</param>
/// <param name="ToMs">Its end, which may be in the future; null if it lasts.</param>
/// <param name="Label">Beside the bar.</param>
/// <param name="Tone">"bad", "warning", "busy", "ok", or empty.</param>
/// <param name="Href">Its page; null if it has none.</param>
/// <param name="Moments">The lines of its tooltip.</param>
internal sealed record ChartSpan(long FromMs, long? ToMs, string Label, string Tone, string? Href, IReadOnlyList<ChartMoment> Moments);

/// <param name="AtMs">Null for a line without a time.</param>
internal sealed record ChartMoment(long? AtMs, string Text);
