using System.Runtime.CompilerServices;
using Bunit;

namespace ConntrackConsole.Tests.Components;

/// <summary>Long default timeout for waits: on a busy machine a page may get no CPU for seconds. A wait ends as soon as its condition is true.</summary>
internal static class LongPollWaits
{
    [ModuleInitializer]
    internal static void Set() => BunitContext.DefaultWaitTimeout = TimeSpan.FromSeconds(60);
}
