using ConntrackConsole.Diagnosis.Catalog;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>docs/diagnosis.md lists every mechanism as the catalogue has it; the glossary has the same identifiers.</summary>
public class DiagnosisPageTests
{
    [Fact]
    public void Page_IsTheCatalogue()
    {
        var lines = new List<string>();
        foreach (var mechanism in MechanismCatalog.All)
        {
            string name = mechanism.IsWarning ? "Warning" : mechanism.Kind.Length == 0 ? mechanism.Id : $"{mechanism.Id}, {mechanism.Kind}";
            lines.AddRange(["", $"### {name}: {mechanism.Title}", "", $"`{mechanism.Code}`", ""]);
            lines.Add($"- Evidence: {mechanism.Needs}.");
            lines.Add($"- Refuted by: {mechanism.RefutedBy}.");
            lines.Add($"- Helps: {mechanism.Helps}.");
            lines.AddRange(mechanism.Harmful.Select(harmful => $"- Harms ({Name(harmful)}): {harmful.Why}."));
        }

        RepositoryFiles.AssertGenerated("docs/diagnosis.md", "<!-- begin generated: mechanisms -->", "<!-- end generated: mechanisms -->", string.Join('\n', lines));
    }

    [Fact]
    public void Glossary_HasTheSameIdentifiers()
    {
        string[] ids =
        [
            .. File.ReadLines(RepositoryFiles.Path("docs/glossary.md")).Where(line => line.StartsWith("| M", StringComparison.Ordinal)).Select(line => line.Split('|')[1].Trim()),
        ];

        Assert.Equal(MechanismCatalog.All.Where(mechanism => !mechanism.IsWarning).Select(mechanism => mechanism.Id).Distinct(), ids);
    }

    private static string Name(HarmfulRemedy harmful) => harmful.Setting ?? harmful.Action switch
    {
        RemedyAction.FlushPodIp => "flush of the pod's address",
        RemedyAction.FlushService => "flush of the Service's entries",
        _ => harmful.Action.ToString(),
    };
}
