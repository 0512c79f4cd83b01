using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using ConntrackConsole.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>Which room may know which: found in fields, signatures and locals of every type, compiled ones included.</summary>
public class ArrowTests
{
    private const string Root = "ConntrackConsole.";

    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Configuration"] = [],
        ["Identity"] = ["Configuration", "Storage", "Audit"],
        ["Storage"] = ["Configuration"],
        ["Cluster"] = ["Configuration"],
        ["Audit"] = ["Storage", "Configuration"],
        ["Timeline"] = ["Cluster", "Storage", "Configuration"],
        ["Ingest"] = ["Timeline", "Cluster", "Configuration"],
        ["Diagnosis"] = ["Timeline", "Cluster"],
        ["Actions"] = ["Cluster", "Timeline", "Diagnosis", "Ingest", "Audit", "Identity", "Storage", "Configuration"],
        ["Api"] = ["Timeline", "Cluster", "Diagnosis", "Actions", "Audit", "Identity"],
        ["Components"] = ["Timeline", "Cluster", "Diagnosis", "Actions", "Audit", "Identity", "Configuration"],
        ["Hosting"] = ["Configuration", "Storage", "Identity", "Audit", "Cluster", "Timeline", "Diagnosis", "Ingest", "Actions", "Api", "Components"],
        ["Cli"] = ["Hosting", "Configuration", "Audit"],
    };

    private static readonly Assembly Console = typeof(ConsoleApplication).Assembly;

    [Fact]
    public void Rooms_KnowOnlyTheRoomsBelowThem()
    {
        var wrong =
            from type in Console.GetTypes()
            let room = Room(type)
            where room is not null
            from other in Known(type).Select(Room).OfType<string>().Distinct()
            where other != room && Arrows.ContainsKey(other) && !Arrows.GetValueOrDefault(room, []).Contains(other)
            select $"{type.FullName} knows {other}";
        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void Actions_OutcomeKnowsWorkflow_WorkflowKnowsGuards_AndNeverTheOtherWay()
    {
        string[] layers = ["ConntrackConsole.Actions.Guards", "ConntrackConsole.Actions.Workflow", "ConntrackConsole.Actions.Outcome"];
        Assert.All(layers, layer => Assert.Contains(Console.GetTypes(), type => type.Namespace == layer));
        var wrong =
            from type in Console.GetTypes()
            let layer = Array.IndexOf(layers, type.Namespace)
            where layer >= 0
            from known in Known(type)
            where Array.IndexOf(layers, known.Namespace) > layer
            select $"{type.FullName} knows {known.FullName}";
        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void Rooms_AreAllOnThePlan() =>
        Assert.Empty(Console.GetTypes().Select(Room).OfType<string>().Distinct().Except(Arrows.Keys));

    [Fact]
    public void PageTechnique_StaysInComponents()
    {
        var wrong =
            from type in Console.GetTypes()
            let room = Room(type)
            where room is not null and not "Components"
            from known in Known(type)
            where known.Namespace is { } ns && (ns.StartsWith("MudBlazor", StringComparison.Ordinal) || ns.StartsWith("Microsoft.JSInterop", StringComparison.Ordinal))
            select $"{type.FullName} knows {known.FullName}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void ConsoleAssembly_DoesNotKnowTheCollector() =>
        Assert.DoesNotContain("conntrack-collector", Console.GetReferencedAssemblies().Select(a => a.Name));

    // Addresses, protocol numbers and flow states come through Wire; netlink and the rest of the kernel stay on the nodes.
    [Theory]
    [InlineData(typeof(ConsoleApplication))]
    [InlineData(typeof(Wire.NodeFrame))]
    public void ConsoleAndWire_UseOfTheKernelLibraryOnlyItsNetTypes(Type inside)
    {
        var namespaces = NamespacesUsedOf("ConntrackConsole.Kernel", inside.Assembly).ToHashSet();
        Assert.Equal(["ConntrackConsole.Kernel.Net"], namespaces);
    }

    [Fact]
    public void KernelAssembly_KnowsNoneOfOurOthers() =>
        Assert.DoesNotContain(
            typeof(Kernel.Net.Ip).Assembly.GetReferencedAssemblies(),
            a => a.Name!.StartsWith("ConntrackConsole", StringComparison.Ordinal) || a.Name!.StartsWith("conntrack-", StringComparison.Ordinal));

    // Every type that code, signatures or attributes of an assembly name is a row of its metadata.
    private static IEnumerable<string> NamespacesUsedOf(string assembly, Assembly user)
    {
        using var file = new PEReader(File.OpenRead(user.Location));
        var metadata = file.GetMetadataReader();
        foreach (var handle in metadata.TypeReferences)
        {
            var type = metadata.GetTypeReference(handle);
            if (type.ResolutionScope.Kind == HandleKind.AssemblyReference
                && metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name) == assembly)
            {
                yield return metadata.GetString(type.Namespace);
            }
        }
    }

    private static string? Room(Type type) =>
        type.Assembly == Console && type.Namespace is { } ns && ns.StartsWith(Root, StringComparison.Ordinal) ? ns[Root.Length..].Split('.')[0] : null;

    private static IEnumerable<Type> Known(Type type)
    {
        const BindingFlags all = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        var methods = type.GetMethods(all).Cast<MethodBase>().Concat(type.GetConstructors(all)).ToList();
        return type.GetFields(all).Select(f => f.FieldType)
            .Concat(type.GetInterfaces())
            .Concat(methods.SelectMany(m => m.GetParameters().Select(p => p.ParameterType)))
            .Concat(methods.OfType<MethodInfo>().Select(m => m.ReturnType))
            .Concat(methods.SelectMany(m => m.GetMethodBody()?.LocalVariables.Select(l => l.LocalType) ?? []))
            .Append(type.BaseType ?? typeof(object))
            .SelectMany(Parts);
    }

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!) : type.GetGenericArguments().SelectMany(Parts).Append(type);
}
