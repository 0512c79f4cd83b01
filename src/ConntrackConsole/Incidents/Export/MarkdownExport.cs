using System.Text;

namespace ConntrackConsole.Incidents.Export;

/// <summary>An incident as Markdown (CommonMark with tables). Texts of workloads and people are escaped, so that none becomes a link, a picture or HTML.</summary>
internal static class MarkdownExport
{
    private const string Special = @"\`*_{}[]()<>#+-!|~&:";

    public static string Of(ExportDocument incident)
    {
        ArgumentNullException.ThrowIfNull(incident);
        var text = new StringBuilder();
        Line($"# {Escape(incident.Title)}");
        Line("");
        Line($"- **Incident:** {Escape(incident.Id)}, {incident.State}");
        Line($"- **Window:** {ExportText.Window(incident)}");
        Line($"- **About:** {Escape(incident.Subject)}");
        if (incident.Opened is { } opened)
            Line($"- **Opened:** {ExportText.Clock(incident.OpenedMs)}, {Escape(opened)}");
        if (incident.ClosedMs is { } closedMs)
            Line($"- **Closed:** {ExportText.Clock(closedMs)}, by {Escape(incident.ClosedBy ?? "")}");
        Line($"- **Participants:** {Escape(string.Join(", ", incident.Participants))}");
        if (incident.IsRedacted)
            Line("- Names and addresses are replaced.");
        Findings(incident, Line);
        Line("");
        Line("## Timeline");
        Line("");
        Line("| time (UTC) | kind | what | who |");
        Line("|---|---|---|---|");
        foreach (var happened in incident.Events)
        {
            string what = happened.Text.Length == 0 ? Escape(happened.Title) : $"**{Escape(happened.Title)}** {Escape(happened.Text)}";
            Line($"| {ExportText.Clock(happened.AtMs)}{(happened.IsEarlier ? " or before" : "")} | {happened.Kind} | {what} | {Escape(happened.Who ?? "")} |");
        }

        if (incident.Notes.Any(note => note.Versions.Count > 1))
        {
            Line("");
            Line("## Edited notes");
            foreach (var note in incident.Notes.Where(note => note.Versions.Count > 1))
            {
                Line("");
                foreach (var version in note.Versions)
                    Line($"- Note {note.Number}, {ExportText.Clock(version.AtMs)}, {Escape(version.Author)}: {Escape(version.Text)}");
            }
        }

        if (incident.Missing.Count > 0)
        {
            Line("");
            Line("## Not known");
            Line("");
            foreach (string missing in incident.Missing)
                Line($"- {Escape(missing)}");
        }

        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');
    }

    private static void Findings(ExportDocument incident, Action<string> line)
    {
        line("");
        line("## Findings");
        if (incident.Findings.Count == 0)
        {
            line("");
            line(incident.Missing.Count > 0 ? "No mechanism was found; see what is not known below." : "No mechanism was found.");
        }

        foreach (var finding in incident.Findings)
        {
            line("");
            line($"### {Escape(finding.Mechanism)}: {Escape(finding.Title)}");
            line("");
            line($"- **Subject:** {Escape(finding.Subject)}");
            line($"- **When:** {(finding.SinceMs is { } since ? ExportText.Clock(since) : "unknown")} – {(finding.UntilMs is { } until ? ExportText.Clock(until) : "lasts")}");
            if (finding.Explains.Length > 0)
                line($"- **Explains:** {Escape(finding.Explains)}");
            line($"- **Confidence:** {finding.Confidence}");
            if (finding.Pods.Count > 0)
                line($"- **Pods:** {Escape(string.Join(", ", finding.Pods))}");
            if (finding.Nodes.Count > 0)
                line($"- **Nodes:** {Escape(string.Join(", ", finding.Nodes))}");
            line("- **Evidence:**");
            foreach (string sentence in finding.Evidence)
                line($"  - {Escape(sentence)}");
            line($"- **What helps:** {Escape(finding.Helps)}");
            line($"- **Refuted by:** {Escape(finding.RefutedBy)}");
        }
    }

    /// <summary>On one line, without meaning to Markdown. A colon is escaped too: some programs make links of bare addresses.</summary>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var escaped = new StringBuilder(text.Length + 8);
        foreach (char one in text.Replace("\n", " ⏎ ", StringComparison.Ordinal))
        {
            if (Special.Contains(one, StringComparison.Ordinal))
                escaped.Append('\\');
            escaped.Append(char.IsControl(one) ? ' ' : one);
        }

        return escaped.ToString();
    }
}
