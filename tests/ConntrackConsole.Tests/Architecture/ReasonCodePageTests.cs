using System.ComponentModel;
using System.Reflection;
using System.Text.RegularExpressions;
using ConntrackConsole.Collector.Cli;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Hosting;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>docs/reason-codes.md lists every stable code; each code is well formed, described, defined once and used.</summary>
public partial class ReasonCodePageTests
{
    private static readonly Assembly[] Assemblies =
    [
        typeof(ConsoleApplication).Assembly, typeof(CollectorCommands).Assembly, typeof(Reason).Assembly, typeof(MechanismCodes).Assembly,
    ];

    private static readonly IReadOnlyList<(string Area, Type Type, FieldInfo Field, string Code)> Codes =
    [
        .. from assembly in Assemblies
           from type in assembly.GetTypes()
           let area = type.GetCustomAttribute<ReasonCodesAttribute>()?.Area
           where area is not null
           from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
           where field is { IsLiteral: true } && field.FieldType == typeof(string) && field.GetCustomAttribute<DescriptionAttribute>() is not null
           select (area, type, field, (string)field.GetRawConstantValue()!),
    ];

    [Fact]
    public void Page_ListsEveryCode()
    {
        var table = new List<string>();
        foreach (var area in Codes.GroupBy(c => c.Area).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            table.AddRange(["", $"## {area.Key}", "", "| code | meaning |", "|---|---|"]);
            table.AddRange(area.OrderBy(c => c.Code, StringComparer.Ordinal).Select(c => $"| `{c.Code}` | {c.Field.GetCustomAttribute<DescriptionAttribute>()!.Description} |"));
        }

        RepositoryFiles.AssertGenerated("docs/reason-codes.md", "<!-- begin generated: codes -->", "<!-- end generated: codes -->", string.Join('\n', table));
    }

    [Fact]
    public void Codes_HaveOneFormAndADescription() =>
        Assert.All(Codes, c =>
        {
            Assert.Matches(CodeForm(), c.Code);
            string description = c.Field.GetCustomAttribute<DescriptionAttribute>()!.Description;
            Assert.True(description.Length > 5 && description.EndsWith('.'), $"{c.Code} is not described by a sentence: '{description}'");
        });

    [Fact]
    public void Codes_AreDefinedOnce() =>
        RepositoryFiles.AssertNone(Codes.GroupBy(c => c.Code).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(c => c.Type.Name))}"));

    /// <summary>A code that nothing returns would be documented in vain.</summary>
    [Fact]
    public void Codes_AreAllUsed()
    {
        string sources = string.Concat(Directory.EnumerateFiles(RepositoryFiles.Path("src"), "*.*", SearchOption.AllDirectories)
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".razor", StringComparison.Ordinal)).Select(File.ReadAllText));
        var used = MemberAccess().Matches(sources).Select(m => m.Value).ToHashSet();
        var own = Codes.Select(c => c.Type).Distinct().ToDictionary(t => t, t => File.ReadAllText(SourceOf(t)));
        RepositoryFiles.AssertNone(Codes.Where(c => !used.Contains($"{c.Type.Name}.{c.Field.Name}") && Regex.Count(own[c.Type], $@"\b{c.Field.Name}\b") < 2).Select(c => c.Code));
    }

    private static string SourceOf(Type type) =>
        Directory.EnumerateFiles(RepositoryFiles.Path("src"), type.Name + ".cs", SearchOption.AllDirectories).First();

    [GeneratedRegex(@"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")]
    private static partial Regex CodeForm();

    [GeneratedRegex(@"\b[A-Z]\w*\.[A-Z]\w*\b")]
    private static partial Regex MemberAccess();
}
