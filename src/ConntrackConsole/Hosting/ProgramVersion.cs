using System.Reflection;

namespace ConntrackConsole.Hosting;

/// <summary>The version of this program, without the build's suffix.</summary>
internal static class ProgramVersion
{
    public static string Current { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
