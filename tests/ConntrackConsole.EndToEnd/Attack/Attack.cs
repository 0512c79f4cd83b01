using System.Text.Json;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>A request that must be refused.</summary>
/// <param name="Reason">The reason code that it must be refused with; where the request never reaches the service, a part of the detail.</param>
/// <param name="Send">What goes before, and the request.</param>
internal sealed record Attack(string Name, int Status, string Reason, Func<AttackedConsole, Task<Answer>> Send)
{
    /// <summary>The request came as far as the desk, which writes every refusal down.</summary>
    public bool AtDesk { get; init; } = Status is 403 or 404 or 409 or 410;
}

/// <summary>What is posted to ask for an action.</summary>
internal static class Asked
{
    public static string Flush(string? podIp, string more = "", string nodes = """["node1"]""") =>
        $$"""{"kind":"flush","podIp":{{JsonSerializer.Serialize(podIp)}},"nodes":{{nodes}},"reason":"an attack"{{more}}}""";

    public static string Setting(string key, string value, string more = "", string nodes = """["node1"]""") =>
        $$"""{"kind":"setting","key":{{JsonSerializer.Serialize(key)}},"value":{{JsonSerializer.Serialize(value)}},"nodes":{{nodes}},"reason":"an attack"{{more}}}""";
}
