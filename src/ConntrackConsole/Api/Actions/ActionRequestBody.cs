using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Actions;

/// <summary>What a program posts to ask for an action. Nothing is guessed: an unknown or repeated field is a fault.</summary>
internal sealed record ActionRequestBody
{
    public string? Kind { get; init; }
    public string? PodIp { get; init; }
    public string? Preset { get; init; }
    public ScopeBody? Scope { get; init; }
    public string? Key { get; init; }
    public string? Value { get; init; }
    public int? RevertAfterSeconds { get; init; }
    public IReadOnlyList<string?>? Nodes { get; init; }
    public string? Reason { get; init; }
    public bool BreakGlass { get; init; }
    public string? IncidentId { get; init; }

    private const int MaxNodes = 5_000;

    /// <summary>The request, or the sentence what is wrong with it.</summary>
    public (ActionRequest? Ask, string? Fault) Read()
    {
        ActionKind? kind = Kind switch { "flush" => ActionKind.Flush, "setting" or "sysctl" => ActionKind.Setting, _ => null };
        string? fault =
            kind is null ? "'kind' is none of flush and setting."
            : kind == ActionKind.Flush && PodIp is null ? "'podIp' is missing: a flush needs the pod's address."
            : kind == ActionKind.Flush && (Key ?? Value) is not null ? "'key' and 'value' belong to a setting, not to a flush."
            : kind == ActionKind.Setting && (Key is null || Value is null) ? "'key' and 'value' are both needed: which setting, and what it is to be."
            : kind == ActionKind.Setting && (PodIp is not null || Preset is not null || Scope is not null) ? "'podIp', 'preset' and 'scope' belong to a flush, not to a setting."
            : Preset is not null && ActionSettings.Preset(Preset) is null ? "'preset' is none of safe, dead-backend and all."
            : Nodes?.Count > MaxNodes || Nodes?.Any(n => n is not { Length: > 0 and <= 253 }) == true ? $"'nodes' takes at most {MaxNodes} names of 1 to 253 characters."
            : new[] { PodIp, Key, Value, Scope?.Proto, Scope?.Vip, IncidentId }.Any(t => t?.Length > 200) || Reason?.Length > 500 ? "A text is too long: 500 characters for the reason, 200 for the rest."
            : RevertAfterSeconds < 0 ? "'revertAfterSeconds' is negative."
            : null;
        return fault is not null ? (null, fault) : (new ActionRequest(kind!.Value)
        {
            PodIp = PodIp, Preset = ActionSettings.Preset(Preset), Scope = Scope is null ? null : new FlushScope(Scope.Proto, Scope.Vip, Scope.VipPort),
            Key = Key, Value = Value, RevertAfterMs = RevertAfterSeconds * 1000L, Nodes = [.. (Nodes ?? []).OfType<string>()], Reason = Reason, BreakGlass = BreakGlass, IncidentId = IncidentId,
        }, null);
    }
}

internal sealed record ScopeBody
{
    public string? Proto { get; init; }
    public string? Vip { get; init; }
    public int? VipPort { get; init; }
}

/// <summary>What a program posts to decide about an action.</summary>
internal sealed record DecisionBody
{
    public string? Digest { get; init; }
    public string? Typed { get; init; }
    public string? Reason { get; init; }

    /// <summary>Only to revert: also where a node has withheld it.</summary>
    public bool BreakGlass { get; init; }
}

/// <summary>Reads a small JSON body strictly.</summary>
internal static class StrictBody
{
    private const int MaxBytes = 256 * 1024;

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false, PropertyNameCaseInsensitive = false,
        NumberHandling = JsonNumberHandling.Strict, MaxDepth = 8,
    };

    public static async Task<(T? Body, string? Fault)> ReadAsync<T>(HttpRequest request, CancellationToken ct)
        where T : class, new()
    {
        using var held = new MemoryStream();
        byte[] chunk = new byte[8192];
        for (int read; (read = await request.Body.ReadAsync(chunk, ct)) > 0;)
        {
            if (held.Length + read > MaxBytes)
                return (null, $"The body is longer than {MaxBytes / 1024} KiB.");
            held.Write(chunk, 0, read);
        }

        if (held.Length == 0)
            return (new T(), null);
        try
        {
            return JsonSerializer.Deserialize<T>(held.GetBuffer().AsSpan(0, (int)held.Length), Strict) is { } body ? (body, null) : (null, "The body is null.");
        }
        catch (JsonException e)
        {
            return (null, $"The body is not the JSON that is wanted: {e.Message.Split(" Path:")[0].Split(" LineNumber:")[0]}");
        }
    }
}
