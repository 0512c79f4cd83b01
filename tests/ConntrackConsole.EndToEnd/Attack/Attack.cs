using System.Text.Json;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>A request that must be refused.</summary>
/// <param name="Code">The reason code of the refusal; empty if it depends on timing.</param>
/// <param name="Send">Prepares the attack and sends the request.</param>
internal sealed record Attack(string Name, int Status, string Code, Func<AttackedConsole, Task<Answer>> Send)
{
    /// <summary>Part of the detail.</summary>
    public string Fragment { get; init; } = "";

    /// <summary>The request reaches the action service, which audits every refusal.</summary>
    public bool IsAudited { get; init; } = Status is 403 or 404 or 409 or 410;
}

/// <summary>Request bodies of actions.</summary>
internal static class ActionBodies
{
    public static string Flush(string? podIp, string more = "", string nodes = """["node1"]""") =>
        $$"""{"kind":"flush","podIp":{{JsonSerializer.Serialize(podIp)}},"nodes":{{nodes}},"reason":"an attack"{{more}}}""";

    public static string Setting(string key, string value, string more = "", string nodes = """["node1"]""") =>
        $$"""{"kind":"setting","key":{{JsonSerializer.Serialize(key)}},"value":{{JsonSerializer.Serialize(value)}},"nodes":{{nodes}},"reason":"an attack"{{more}}}""";
}
