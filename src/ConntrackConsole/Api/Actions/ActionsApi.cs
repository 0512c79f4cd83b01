using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Actions;

/// <summary>
/// Actions for programs: the same service, the same guards, the same audit rows as the page. Who asks is known by the session
/// of their sign-in link, anew at each request.
/// </summary>
internal static class ActionsApi
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 200;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() }, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static void MapActions(this RouteGroupBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        api.MapGet("/actions", ListAsync);
        api.MapGet("/actions/{id}", async (string id, ActionStore store, OutcomeMonitor monitor, CancellationToken ct) =>
            await store.FindAsync(id, ct) is { } record ? Results.Json(ActionView.Of(record, true, monitor.Current(record.Id)), Json) : Missing());
        api.MapPost("/actions", RequestAsync);
        api.MapPost("/actions/{id}/confirm", (string id, HttpContext context, Sessions sessions, ActionService service) => DecideAsync(
            context, sessions, (caller, body, ct) => service.ConfirmAsync(id, body.Digest, body.Typed, body.Reason, caller, ct)));
        api.MapPost("/actions/{id}/approve", (string id, HttpContext context, Sessions sessions, ActionService service) => DecideAsync(
            context, sessions, (caller, body, ct) => service.ApproveAsync(id, body.Digest, caller, ct)));
        api.MapPost("/actions/{id}/cancel", (string id, HttpContext context, Sessions sessions, ActionService service) => DecideAsync(
            context, sessions, (caller, _, ct) => service.CancelAsync(id, caller, ct)));
        api.MapPost("/actions/{id}/revert", (string id, HttpContext context, Sessions sessions, ActionService service) => DecideAsync(
            context, sessions, (caller, body, ct) => service.RevertAsync(id, body.Reason, body.BreakGlass, caller, ct)));
        api.MapGet("/settings", async (OpenChanges changes, CancellationToken ct) =>
        {
            var open = await changes.ReadAsync(ct);
            return Results.Json(SettingCatalog.All.Select(k => new SettingView(
                k.Key, k.Carrier.ToString(), k.Values, k.Least, k.Most, k.Default, k.Unit, k.Meaning, k.Trap, k.Lasting, k.LongestMs / 1000,
                [.. open.Where(o => o.Key == k.Key)])), Json);
        });
    }

    private static async Task<IResult> RequestAsync(HttpContext context, Sessions sessions, ActionService service)
    {
        var ct = context.RequestAborted;
        var check = await sessions.CheckAsync(context.User, ct);
        if (check.Principal is not { } caller)
            return Gone(check.Refusal);
        var (body, fault) = await StrictBody.ReadAsync<ActionRequestBody>(context.Request, ct);
        (var ask, fault) = body is null ? (null, fault) : body.Read();
        if (ask is null)
            return Invalid(fault);
        var answer = await service.RequestAsync(ask, caller, ct);
        return answer.Refusal is null
            ? Results.Json(ActionView.Of(answer.Record!, true), Json, statusCode: StatusCodes.Status201Created)
            : Refused(answer);
    }

    private static async Task<IResult> DecideAsync(HttpContext context, Sessions sessions, Func<Principal, DecisionBody, CancellationToken, Task<ActionAnswer>> decide)
    {
        var ct = context.RequestAborted;
        var check = await sessions.CheckAsync(context.User, ct);
        if (check.Principal is not { } caller)
            return Gone(check.Refusal);
        var (body, fault) = await StrictBody.ReadAsync<DecisionBody>(context.Request, ct);
        if (body is null)
            return Invalid(fault);
        var answer = await decide(caller, body, ct);
        return answer.Refusal is null ? Results.Json(ActionView.Of(answer.Record!, true), Json) : Refused(answer);
    }

    private static async Task<IResult> ListAsync([AsParameters] PageParameters page, ActionStore store, OutcomeMonitor monitor, CancellationToken ct)
    {
        var reader = new QueryReader();
        int limit = reader.Integer("limit", page.Limit, 1, MaxLimit) ?? DefaultLimit;
        long before = reader.Continue(page.Continue) ?? long.MaxValue;
        if (reader.Problem is { } problem)
            return problem;
        var records = await store.ReadAsync(limit, before, ct);
        return Results.Json(new ActionPage(
            [.. records.Select(r => ActionView.Of(r, false, monitor.Current(r.Id)))],
            records.Count == limit ? records[^1].Plan.AskedMs.ToString(CultureInfo.InvariantCulture) : null), Json);
    }

    private static IResult Refused(ActionAnswer answer)
    {
        var refusal = answer.Refusal!;
        var (status, title) = refusal.Kind switch
        {
            RefusalKind.Role => (StatusCodes.Status403Forbidden, "Not allowed"),
            RefusalKind.NotFound => (StatusCodes.Status404NotFound, "No such action"),
            RefusalKind.Over => (StatusCodes.Status410Gone, "Expired"),
            RefusalKind.Fault => (StatusCodes.Status503ServiceUnavailable, "The console cannot act"),
            _ => (StatusCodes.Status409Conflict, "Refused by a guard"),
        };
        var more = Code(refusal.Code);
        if (answer.Record is { } record)
            (more["action"], more["state"]) = (record.Id, record.State.ToString());
        return Results.Problem(refusal.Sentence, statusCode: status, title: title, extensions: more);
    }

    private static IResult Missing() =>
        Results.Problem("There is no action of this id: see GET /api/v1/actions.", statusCode: StatusCodes.Status404NotFound, title: "No such action", extensions: Code(ActionReasons.NotFound));

    private static IResult Gone(string? why) => Results.Problem(why, statusCode: StatusCodes.Status401Unauthorized, title: "Sign in", extensions: Code(ActionReasons.SessionEnded));

    private static IResult Invalid(string? why) =>
        Results.Problem(why, statusCode: StatusCodes.Status400BadRequest, title: "Invalid request", extensions: Code(ActionReasons.InvalidRequest));

    private static Dictionary<string, object?> Code(string code) => new() { ["code"] = code };
}
