using System.Reflection;
using ConntrackConsole.Hosting;
using ConntrackConsole.Tests.Architecture.Planted;
using ConntrackConsole.Tests.Architecture.PlantedTargets;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>
/// Components refer to each other as <see cref="ComponentMap"/> allows, and without a circle: in the IL (base types, fields, signatures, locals,
/// calls, delegates) and in the sources where the IL does not show it (constants).
/// </summary>
public class DependencyTests
{
    private static readonly Assembly ConsoleAssembly = typeof(ConsoleApplication).Assembly;

    public static TheoryData<string> Projects => ["ConntrackConsole", "ConntrackConsole.Collector", "ConntrackConsole.Kernel", "ConntrackConsole.Diagnosis"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Components_ReferOnlyToWhatTheMapAllows(string project) =>
        RepositoryFiles.AssertNone(Find(References(project), MapOf(project)));

    [Theory]
    [InlineData("Storage", "Timeline.Live", "Storage refers to Timeline.Live: here")]
    [InlineData("Ownership", "Lifecycle", "Ownership refers to Lifecycle: here")]
    [InlineData("Elsewhere", "Storage", "Elsewhere refers to Storage: here")]
    public void Find_ReferenceThatTheMapDoesNotAllow_NamesIt(string from, string to, string found) =>
        Assert.Equal([found], Find([(from, to, "here")], MapOf("ConntrackConsole")));

    [Theory]
    [InlineData("Timeline.Live", "Ownership")]
    [InlineData("Lifecycle", "Storage")]
    public void Find_ReferenceThatTheMapAllows_FindsNothing(string from, string to) => Assert.Empty(Find([(from, to, "here")], MapOf("ConntrackConsole")));

    /// <summary>In this assembly each of these types refers to the other namespace in one way.</summary>
    [Theory]
    [InlineData(nameof(ByBaseType))]
    [InlineData(nameof(ByField))]
    [InlineData(nameof(ByGenericArgument))]
    [InlineData(nameof(IBySignature))]
    [InlineData(nameof(ByAttribute))]
    [InlineData(nameof(ByCall))]
    [InlineData(nameof(ByDelegate))]
    [InlineData(nameof(ByLambda))]
    [InlineData(nameof(ByTypeOf))]
    [InlineData(nameof(ByCast))]
    [InlineData(nameof(ByStaticField))]
    public void IlReferences_PlantedReference_IsFound(string type) =>
        Assert.Contains(IlReferences.Of(typeof(ByCall).Assembly.Location), r => r.From == typeof(ByCall).Namespace && r.Type == type && r.To == typeof(PlantedTarget).Namespace);

    [Fact]
    public void ConstantReferences_PlantedReference_IsFound() =>
        Assert.Contains(
            ConstantReferences.Of(typeof(ByConstant).Assembly, RepositoryFiles.Path("tests", "ConntrackConsole.Tests", "Architecture", "Planted")),
            r => r.From == typeof(ByConstant).Namespace && r.To == typeof(PlantedTarget).Namespace && r.Constant == "PlantedTarget.Number");

    /// <summary>An allowed dependency that does not exist makes the map untrue, and would let the next one in unseen.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Map_HasNoDependencyThatDoesNotExist(string project)
    {
        var existing = References(project).Select(r => (r.From, r.To)).ToHashSet();
        RepositoryFiles.AssertNone(MapOf(project).Values.SelectMany(c => c.Uses.Select(use => (From: c.Name, To: use))).Where(edge => !existing.Contains(edge)).Select(edge => $"{edge.From} → {edge.To}"));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Map_HasNoCircle(string project)
    {
        var above = new HashSet<string>();
        // The list is in order: whatever a component uses stands before it.
        foreach (var component in MapOf(project).Values)
        {
            Assert.All(component.Uses, use => Assert.Contains(use, above));
            above.Add(component.Name);
        }
    }

    [Fact]
    public void Map_InTheDocs_IsThisList() =>
        RepositoryFiles.AssertGenerated("docs/architecture.md", "<!-- begin generated: dependencies -->", "<!-- end generated: dependencies -->", string.Join('\n', Page()));

    [Theory]
    [InlineData("ConntrackConsole.Wire", "ConntrackConsole.Wire.dll")]
    [InlineData("ConntrackConsole.Diagnosis", "ConntrackConsole.Diagnosis.dll")]
    [InlineData("ConntrackConsole", "conntrack-console.dll")]
    public void WireDiagnosisAndConsole_UseOfTheKernelLibraryOnlyItsNetTypes(string root, string file) =>
        Assert.Equal(["ConntrackConsole.Kernel.Net"], IlReferences.Of(PathOf(file))
            .Where(r => r.From.StartsWith(root, StringComparison.Ordinal) && r.To.StartsWith("ConntrackConsole.Kernel", StringComparison.Ordinal)).Select(r => r.To).Distinct());

    [Fact]
    public void Assemblies_ReferToEachOtherInOneDirection()
    {
        Assert.Empty(OursOf("ConntrackConsole.Kernel.dll"));
        Assert.Equal(["ConntrackConsole.Kernel"], OursOf("ConntrackConsole.Wire.dll"));
        Assert.Equal(["ConntrackConsole.Kernel", "ConntrackConsole.Wire"], OursOf("ConntrackConsole.Diagnosis.dll"));
        Assert.Equal(["ConntrackConsole.Diagnosis", "ConntrackConsole.Kernel", "ConntrackConsole.Wire"], OursOf("conntrack-console.dll"));
        Assert.Equal(["ConntrackConsole.Diagnosis", "ConntrackConsole.Kernel", "ConntrackConsole.Wire"], OursOf("conntrack-collector.dll"));
    }

    [Theory]
    [InlineData("MudBlazor")]
    [InlineData("Microsoft.JSInterop")]
    public void PageTechnology_IsKnownInComponentsOnly(string technology) =>
        RepositoryFiles.AssertNone(
            from reference in IlReferences.Of(ConsoleAssembly.Location)
            where reference.To.StartsWith(technology, StringComparison.Ordinal) && !reference.From.StartsWith("ConntrackConsole.Components", StringComparison.Ordinal)
            select $"{reference.Type} refers to {reference.Referenced}");

    private static IEnumerable<string> Find(IEnumerable<(string From, string To, string Where)> references, Dictionary<string, Component> map) =>
        from reference in references
        where !map.TryGetValue(reference.From, out var component) || !component.Uses.Contains(reference.To)
        select $"{reference.From} refers to {reference.To}: {reference.Where}";

    private static IEnumerable<(string From, string To, string Where)> References(string project)
    {
        string file = project switch { "ConntrackConsole" => "conntrack-console.dll", "ConntrackConsole.Collector" => "conntrack-collector.dll", _ => project + ".dll" };
        var il = IlReferences.Of(PathOf(file)).Select(r => (r.From, r.To, Where: $"{r.Type} → {r.Referenced}"));
        var constants = ConstantReferences.Of(Assembly.LoadFrom(PathOf(file)), RepositoryFiles.Path("src", project)).Select(r => (r.From, r.To, Where: $"{r.File} → {r.Constant}"));
        return from r in il.Concat(constants)
               let @from = Name(project, r.From)
               let to = Name(project, r.To)
               where @from is not (null or "" or "Storage.Migrations") && to is not (null or "") && @from != to
               select (@from, to, r.Where);
    }

    private static string? Name(string project, string ns) =>
        ns == project ? "" : ns.StartsWith(project + ".", StringComparison.Ordinal) && !IsOtherProject(project, ns) ? ns[(project.Length + 1)..] : null;

    // The console's namespaces begin with what the other projects' begin with, too.
    private static bool IsOtherProject(string project, string ns) =>
        project == "ConntrackConsole" && (ns.StartsWith("ConntrackConsole.Wire", StringComparison.Ordinal) || ns.StartsWith("ConntrackConsole.Diagnosis", StringComparison.Ordinal) || ns.StartsWith("ConntrackConsole.Kernel", StringComparison.Ordinal));

    private static Dictionary<string, Component> MapOf(string project) => (project switch
    {
        "ConntrackConsole" => ComponentMap.Console,
        "ConntrackConsole.Collector" => ComponentMap.Collector,
        "ConntrackConsole.Diagnosis" => ComponentMap.Diagnosis,
        _ => ComponentMap.Kernel,
    }).ToDictionary(c => c.Name);

    private static IEnumerable<string> Page()
    {
        foreach (var (title, map) in new[] { ("Console", ComponentMap.Console), ("Collector", ComponentMap.Collector), ("Diagnosis", ComponentMap.Diagnosis), ("Kernel", ComponentMap.Kernel) })
        {
            yield return $"\n| {title} | contains | uses |";
            yield return "|---|---|---|";
            foreach (var component in map)
                yield return $"| `{component.Name.Replace('.', '/')}` | {component.Holds} | {string.Join(", ", component.Uses.Select(use => $"`{use.Replace('.', '/')}`"))} |";
        }
    }

    private static IEnumerable<string?> OursOf(string file) =>
        Assembly.LoadFrom(PathOf(file)).GetReferencedAssemblies().Select(a => a.Name)
            .Where(name => name!.StartsWith("ConntrackConsole", StringComparison.Ordinal) || name.StartsWith("conntrack-", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
