using System.Runtime.CompilerServices;
using Bunit;

namespace ConntrackConsole.Tests.Components;

/// <summary>A page's own thread may get no turn for seconds on a busy machine; a wait ends as soon as what it waits for is there.</summary>
internal static class PatientWaits
{
    [ModuleInitializer]
    internal static void Set() => BunitContext.DefaultWaitTimeout = TimeSpan.FromSeconds(60);
}
