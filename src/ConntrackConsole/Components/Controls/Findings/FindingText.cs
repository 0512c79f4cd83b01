using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Findings;

namespace ConntrackConsole.Components.Controls.Findings;

/// <summary>Sentences about findings that the cards and the page of a finding share.</summary>
internal static class FindingText
{
    /// <summary>Such as "M3, no drain".</summary>
    public static string Name(ObservedFinding observed)
    {
        var mechanism = observed.Finding.Mechanism;
        return mechanism.IsWarning ? "Warning" : mechanism.Kind.Length == 0 ? mechanism.Id : $"{mechanism.Id}, {mechanism.Kind}";
    }

    public static string Share(ExplainedShare explains) => Share(explains.Unit, explains.Count, explains.Whole);

    public static string Share(ExplainedUnit unit, int count, int whole) => unit switch
    {
        ExplainedUnit.Resets => $"{count} of {whole} resets",
        ExplainedUnit.HangingFlows => $"{count} of {whole} connections in use hang",
        ExplainedUnit.Attempts => $"{count} of {whole} attempts to connect",
        ExplainedUnit.UdpFlows => $"{count} of {whole} UDP flows",
        ExplainedUnit.IpvsConnections => $"{count} of {whole} connections of IPVS",
        ExplainedUnit.Packets => $"{count} packets",
        _ => "",
    };

    /// <summary>How many independent kinds of evidence agree.</summary>
    public static string Sure(Finding finding)
    {
        string text = finding.Confidence switch
        {
            Confidence.Measured => "It was measured, not inferred",
            Confidence.High => "Three or more independent kinds of evidence agree",
            _ => finding.Evidence.Select(item => item.Class).Distinct().Count() > 2 ? "Independent kinds of evidence agree" : "Two independent kinds of evidence agree",
        };
        return finding.Gaps.Count > 0 ? text + "; the data has gaps, which makes it less sure" : text;
    }

    public static string Harmful(HarmfulRemedy harmful) => harmful.Setting is { } setting ? $"{setting}: {harmful.Why}" : harmful.Why;

    /// <summary>Begins with a capital letter, unless it begins with the name of a setting or a counter.</summary>
    public static string Sentence(string text)
    {
        if (text.Length == 0)
            return "";
        string first = text.Split(' ', 2)[0];
        return first.AsSpan().IndexOfAny("_=/") >= 0 || first.TrimEnd('.').Contains('.', StringComparison.Ordinal) ? text : char.ToUpperInvariant(text[0]) + text[1..];
    }
}
