using System.Text;
using System.Text.Json;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Invalid request bodies. None of them reaches the action service.</summary>
internal static class BodyAttacks
{
    private const string Dead = AttackedConsole.Dead, Json = "request.invalid_json", TooLarge = "request.body_too_large", Invalid = "action.invalid_request";
    private static readonly string Good = ActionBodies.Flush(Dead);

    public static readonly Attack[] All =
    [
        Bad("nothing", "", Invalid, "'kind' must be"),
        Bad("an empty object", "{}", Invalid, "'kind' must be"),
        Bad("null", "null", Json),
        Bad("an array", "[]", Json),
        Bad("a string", "\"flush\"", Json),
        Bad("broken JSON", Good[..^1], Json),
        Bad("two bodies", Good + Good, Json),
        Bad("a comment in it", "/**/" + Good, Json),
        Bad("a trailing comma", Good[..^1] + ",}", Json),
        Bad("an unknown field", ActionBodies.Flush(Dead, ""","force":true"""), Json),
        Bad("a known field in capitals", ActionBodies.Flush(Dead, ""","BreakGlass":true"""), Json),
        Bad("the address twice", ActionBodies.Flush(Dead, $$""","podIp":"{{AttackedConsole.Live}}" """), Json),
        Bad("break-glass twice", ActionBodies.Flush(Dead, ""","breakGlass":false,"breakGlass":true"""), Json),
        Bad("a field twice, once in escapes", ActionBodies.Flush(Dead, $$""","pod\u0049p":"{{AttackedConsole.Live}}" """), Json),
        Bad("an unknown field in the scope", ActionBodies.Flush(Dead, ""","scope":{"zone":1}"""), Json),
        Bad("no address", """{"kind":"flush","nodes":["node1"],"reason":"x"}""", Invalid, "'podIp' is missing"),
        Bad("an address that is null", ActionBodies.Flush(null), Invalid, "'podIp' is missing"),
        Bad("an address that is a number", """{"kind":"flush","podIp":167837957}""", Json),
        Bad("an address that is a list", $$"""{"kind":"flush","podIp":["{{Dead}}","{{AttackedConsole.Live}}"]}""", Json),
        Bad("nodes that are a string", ActionBodies.Flush(Dead, nodes: "\"node1\""), Json),
        Bad("a node that is a number", ActionBodies.Flush(Dead, nodes: "[1]"), Json),
        Bad("a node that is null", ActionBodies.Flush(Dead, nodes: "[null]"), Invalid, "'nodes' accepts"),
        Bad("break-glass as a word", ActionBodies.Flush(Dead, ""","breakGlass":"true" """), Json),
        Bad("break-glass as a number", ActionBodies.Flush(Dead, ""","breakGlass":1"""), Json),
        Bad("a time as a word", ActionBodies.Setting("nf_conntrack_acct", "1", ""","revertAfterSeconds":"60" """), Json),
        Bad("a time with a fraction", ActionBodies.Setting("nf_conntrack_acct", "1", ""","revertAfterSeconds":60.5"""), Json),
        Bad("a time beyond 32 bits", ActionBodies.Setting("nf_conntrack_acct", "1", ""","revertAfterSeconds":4294967356"""), Json),
        Bad("a time below zero", ActionBodies.Setting("nf_conntrack_acct", "1", ""","revertAfterSeconds":-1"""), Invalid, "negative"),
        Bad("a value that is a number", """{"kind":"setting","key":"nf_conntrack_acct","value":1}""", Json),
        Bad("an unknown kind", """{"kind":"flush-all","podIp":"10.1.0.5"}""", Invalid, "'kind' must be"),
        Bad("the kind as its number", """{"kind":0,"podIp":"10.1.0.5"}""", Json),
        Bad("the kind in capitals", """{"kind":"FLUSH","podIp":"10.1.0.5"}""", Invalid, "'kind' must be"),
        Bad("a flush with a setting in it", ActionBodies.Flush(Dead, ""","key":"nf_conntrack_acct","value":"1" """), Invalid, "belong to a setting"),
        Bad("a setting with an address in it", ActionBodies.Setting("nf_conntrack_acct", "1", $$""","podIp":"{{Dead}}" """), Invalid, "belong to a flush"),
        Bad("a setting without a value", """{"kind":"setting","key":"nf_conntrack_acct","nodes":["node1"]}""", Invalid, "are required"),
        Bad("a preset in capitals", ActionBodies.Flush(Dead, ""","preset":"ALL" """), Invalid, "'preset' must be"),
        Bad("a preset by its name in the code", ActionBodies.Flush(Dead, ""","preset":"DeadBackend" """), Invalid, "'preset' must be"),
        Bad("a preset with a blank", ActionBodies.Flush(Dead, ""","preset":"all " """), Invalid, "'preset' must be"),
        Bad("a preset that is a number", ActionBodies.Flush(Dead, ""","preset":2"""), Json),
        Bad("a preset that is empty", ActionBodies.Flush(Dead, ""","preset":"" """), Invalid, "'preset' must be"),
        Bad("10,000 nodes", ActionBodies.Flush(Dead, nodes: JsonSerializer.Serialize(Enumerable.Range(1, 10_000).Select(n => $"node{n}"))), Invalid, "'nodes' accepts at most"),
        Bad("an empty node name", ActionBodies.Flush(Dead, nodes: """["node1",""]"""), Invalid, "'nodes' accepts"),
        Bad("a node name of 254 letters", ActionBodies.Flush(Dead, nodes: $"[\"{new string('n', 254)}\"]"), Invalid, "'nodes' accepts"),
        Bad("an address of 10,000 digits", ActionBodies.Flush(new string('1', 10_000)), Invalid, "too long"),
        Bad("a reason of 501 letters", ActionBodies.Flush(Dead).Replace("an attack", new string('x', 501), StringComparison.Ordinal), Invalid, "too long"),
        Bad("an incident's name of 201 letters", ActionBodies.Flush(Dead, $$""","incidentId":"{{new string('x', 201)}}" """), Invalid, "too long"),
        Bad("a body of 300 KiB", ActionBodies.Flush(Dead, $",\"incidentId\":\"{new string('x', 300 * 1024)}\""), TooLarge),
        Bad("a body of blanks", new string(' ', 300 * 1024), TooLarge),
        Bad("a thousand arrays in one another", new string('[', 1_000) + new string(']', 1_000), Json),
        Bad("a hundred thousand objects in one another", string.Concat(Enumerable.Repeat("{\"scope\":", 20_000)), Json),
        Bad("half a surrogate", """{"kind":"flush","podIp":"\ud800"}""", Json),
        new("text that is not UTF-8", 400, Json, c => c.Operator().PostAsync("/api/v1/actions", [.. "{\"kind\":\""u8, 0xC3, 0x28, .. "\"}"u8], "application/json")),
        new("declared UTF-16", 400, Json, c => c.Operator().PostAsync("/api/v1/actions", Encoding.Unicode.GetBytes(Good), "application/json; charset=utf-16")),
        new("a confirmation with an unknown field", 400, Json, c => c.Operator().DecideAsync("flush-1", "confirm", new { digest = "", force = true })),
        new("a confirmation with the digest twice", 400, Json, c => c.Operator().PostAsync("/api/v1/actions/flush-1/confirm", """{"digest":"a","digest":"b"}""")),
        new("a confirmation that is an array", 400, Json, c => c.Operator().PostAsync("/api/v1/actions/flush-1/confirm", "[]")),
        new("a confirmation of 300 KiB", 400, TooLarge, c => c.Operator().DecideAsync("flush-1", "confirm", new { reason = new string('x', 300 * 1024) })),
        new("an approval with an unknown field", 400, Json, c => c["anna"].DecideAsync("flush-1", "approve", new { digest = "", force = true })),
    ];

    private static Attack Bad(string name, string body, string code, string fragment = "") =>
        new($"body: {name}", 400, code, c => c.Operator().RequestAsync(body)) { Fragment = fragment };
}
