namespace ConntrackConsole.Tests.Architecture.PlantedTargets;

internal class PlantedTarget
{
    public const int Number = 5;

    public static readonly object Shared = new();

    public static void Run()
    {
    }
}

[AttributeUsage(AttributeTargets.Class)]
internal sealed class PlantedTargetAttribute : Attribute;
