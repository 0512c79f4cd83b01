using System.Reflection;
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
    public void ConsoleAssembly_KnowsNeitherKernelNorCollector()
    {
        var names = Console.GetReferencedAssemblies().Select(a => a.Name).ToList();
        Assert.Contains("ConntrackConsole.Wire", names);
        Assert.DoesNotContain("ConntrackConsole.Kernel", names);
        Assert.DoesNotContain("conntrack-collector", names);
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
