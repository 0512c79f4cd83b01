using System.Globalization;
using System.Net;
using System.Text;

namespace ConntrackConsole.Incidents.Export;

/// <summary>An incident as one HTML page that needs nothing else: no script, no picture, no font. Its policy allows none either.</summary>
internal static class HtmlExport
{
    private const string Style = """
        :root{color-scheme:light dark;--text:#1b1f24;--muted:#57606a;--back:#fff;--card:#f6f8fa;--line:#d0d7de;--entries:#0969da;--stale:#bc4c00;--resets:#a40e26;--pod:#6e7781;--finding:#a40e26;--action:#1a7f37;--note:#8250df}
        @media(prefers-color-scheme:dark){:root{--text:#e6edf3;--muted:#9da7b3;--back:#0d1117;--card:#161b22;--line:#30363d;--entries:#58a6ff;--stale:#f0883e;--resets:#ff7b72;--pod:#8b949e;--finding:#ff7b72;--action:#3fb950;--note:#bc8cff}}
        body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);margin:0 auto;max-width:70rem;padding:1rem;overflow-wrap:anywhere}
        h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2rem}h3{font-size:1.05rem}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{color:var(--muted)}dd{margin:0}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid var(--line)}td:first-child{white-space:nowrap}
        .text{white-space:pre-wrap;color:var(--muted)}article{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.5rem 1rem;margin:1rem 0}
        svg.timeline{width:100%;min-width:640px;font:12px system-ui,sans-serif}svg .name{fill:var(--text)}svg .scale{fill:var(--muted)}svg .base,svg .grid{stroke:var(--line)}
        svg .entries{fill:var(--entries)}svg .stale{fill:var(--stale)}svg .resets{fill:var(--resets)}svg .pod{fill:var(--pod)}svg .gap{fill:url(#hatch)}svg .hatch{stroke:var(--muted);stroke-width:2;opacity:.5}
        svg .mark{fill:var(--note);stroke:var(--back)}svg .mark.finding{fill:var(--finding)}svg .mark.action{fill:var(--action)}svg .mark.rollout{fill:var(--entries)}
        """;

    public static string Of(ExportDocument incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var page = new StringBuilder();
        Append(page, $"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="referrer" content="no-referrer">
            <title>{Encode(incident.Title)}</title><style>{Style}</style></head><body><main>
            <h1>{Encode(incident.Title)}</h1>
            <dl><dt>Incident</dt><dd>{Encode(incident.Id)}, {incident.State}</dd><dt>Window</dt><dd>{Encode(ExportText.Window(incident))}</dd><dt>About</dt><dd>{Encode(incident.Subject)}</dd>
            """);
        if (incident.Opened is { } opened)
            Append(page, $"<dt>Opened</dt><dd>{ExportText.Clock(incident.OpenedMs)}, {Encode(opened)}</dd>");
        if (incident.ClosedMs is { } closedMs)
            Append(page, $"<dt>Closed</dt><dd>{ExportText.Clock(closedMs)}, by {Encode(incident.ClosedBy ?? "")}</dd>");
        Append(page, $"<dt>Participants</dt><dd>{Encode(string.Join(", ", incident.Participants))}</dd></dl>");
        if (incident.IsRedacted)
            Append(page, $"<p>Names and addresses are replaced.</p>");
        if (incident.Timeline is { } timeline)
            Append(page, $"""<h2>Timeline</h2><div class="scroll" tabindex="0" role="region" aria-label="Timeline">{TimelineSvg.Of(timeline, incident.Events)}</div>""");
        Findings(page, incident);
        Append(page, $"""<h2>What happened</h2><div class="scroll" tabindex="0" role="region" aria-label="What happened"><table><thead><tr><th scope="col">Time</th><th scope="col">Kind</th><th scope="col">What</th><th scope="col">Who</th></tr></thead><tbody>""");
        foreach (var happened in incident.Events)
        {
            Append(page, $"""<tr><td><time datetime="{ExportText.Time(happened.AtMs)}">{ExportText.Clock(happened.AtMs)}</time>{(happened.IsEarlier ? " or before" : "")}</td><td>{happened.Kind}</td><td><strong>{Encode(happened.Title)}</strong>{(happened.Text.Length > 0 ? $"""<div class="text">{Encode(happened.Text)}</div>""" : "")}</td><td>{Encode(happened.Who ?? "")}</td></tr>""");
        }

        Append(page, $"</tbody></table></div>");
        Notes(page, incident);
        if (incident.Missing.Count > 0)
            Append(page, $"<h2>Not known</h2><ul>{string.Concat(incident.Missing.Select(missing => $"<li>{Encode(missing)}</li>"))}</ul>");
        Append(page, $"</main></body></html>");
        return page.ToString();
    }

    private static void Findings(StringBuilder page, ExportDocument incident)
    {
        Append(page, $"<h2>Findings</h2>");
        if (incident.Findings.Count == 0)
            Append(page, $"<p>No mechanism was found{(incident.Missing.Count > 0 ? "; see what is not known below" : "")}.</p>");
        foreach (var finding in incident.Findings)
        {
            Append(page, $"""
                <article><h3>{Encode(finding.Mechanism)}: {Encode(finding.Title)}</h3>
                <dl><dt>Subject</dt><dd>{Encode(finding.Subject)}</dd><dt>When</dt><dd>{(finding.SinceMs is { } since ? ExportText.Clock(since) : "unknown")} – {(finding.UntilMs is { } until ? ExportText.Clock(until) : "lasts")}</dd>
                <dt>Explains</dt><dd>{Encode(finding.Explains)}</dd><dt>Confidence</dt><dd>{Encode(finding.Confidence)}</dd><dt>Pods</dt><dd>{Encode(string.Join(", ", finding.Pods))}</dd><dt>Nodes</dt><dd>{Encode(string.Join(", ", finding.Nodes))}</dd></dl>
                <ul>{string.Concat(finding.Evidence.Select(sentence => $"<li>{Encode(sentence)}</li>"))}</ul>
                <p><strong>What helps:</strong> {Encode(finding.Helps)}</p><p><strong>Refuted by:</strong> {Encode(finding.RefutedBy)}</p></article>
                """);
        }
    }

    private static void Notes(StringBuilder page, ExportDocument incident)
    {
        var edited = incident.Notes.Where(note => note.Versions.Count > 1).ToList();
        if (edited.Count == 0)
            return;
        Append(page, $"<h2>Edited notes</h2>");
        foreach (var note in edited)
        {
            foreach (var version in note.Versions)
                Append(page, $"""<article><h3>Note {note.Number}, {ExportText.Clock(version.AtMs)}, {Encode(version.Author)}</h3><div class="text">{Encode(version.Text)}</div></article>""");
        }
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private static void Append(StringBuilder page, FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
