using System.Text;

namespace ConntrackConsole.Incidents.Records;

/// <summary>Text that people and alerts wrote, without what a terminal or a file would take for something else.</summary>
internal static class PlainText
{
    /// <summary>Without control characters and the space around it. Half of a surrogate pair becomes U+FFFD, because the database would not return it.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="keepLines">Lines and tabs stay.</param>
    public static string Of(string? text, bool keepLines = false)
    {
        var plain = new StringBuilder(text?.Length ?? 0);
        foreach (var rune in (text ?? "").EnumerateRunes())
        {
            if (rune.Value == '\r')
                continue;
            plain.Append(Rune.IsControl(rune) && !(keepLines && (rune.Value is '\n' or '\t')) ? " " : rune.ToString());
        }

        return plain.ToString().Trim();
    }
}
