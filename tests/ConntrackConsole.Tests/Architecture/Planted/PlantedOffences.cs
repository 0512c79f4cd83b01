using ConntrackConsole.Tests.Architecture.PlantedTargets;

namespace ConntrackConsole.Tests.Architecture.Planted;

// Each refers to the other namespace in one way, for the test of the check itself.
internal sealed class ByBaseType : PlantedTarget;

internal sealed class ByField
{
    public PlantedTarget? Target { get; set; }
}

internal sealed class ByGenericArgument
{
    public List<List<PlantedTarget>>? Targets { get; set; }
}

internal interface IBySignature
{
    void Take(PlantedTarget[] targets);
}

[PlantedTarget]
internal sealed class ByAttribute;

internal static class ByCall
{
    public static void Run() => PlantedTarget.Run();
}

internal static class ByDelegate
{
    public static Action Run() => PlantedTarget.Run;
}

internal static class ByLambda
{
    public static Func<object> Make() => () => new PlantedTarget();
}

internal static class ByTypeOf
{
    public static string Name() => typeof(PlantedTarget).FullName!;
}

internal static class ByCast
{
    public static bool Is(object value) => value is PlantedTarget;
}

internal static class ByStaticField
{
    public static object? Value() => PlantedTarget.Shared;
}

internal static class ByConstant
{
    public static int Value() => PlantedTarget.Number;
}
