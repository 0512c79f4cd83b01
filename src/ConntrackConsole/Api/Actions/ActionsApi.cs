using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Outcome;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Actions;

/// <summary>
/// Actions for API clients, with the same service, guards and audit rows as the pages. The session of the user's sign-in link
/// is checked at each request.
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
            context, sessions, (principal, body, ct) => service.ConfirmAsync(id, body.Digest, body.Typed, body.Reason, principal, ct)));
        api.MapPost("/actions/{id}/approve", (string id, HttpContext context, Sessions sessions, ActionService service) => DecideAsync(
            context, sessions, (principal, body, ct) => service.ApproveAsync(id, body.Digest, principal, ct)));
        api.MapPost("/actions/{id}/cancel", (string id, HttpContext context, Sessions sessions, ActionService service) => DecideAsync(
            context, sessions, (principal, _, ct) => service.CancelAsync(id, principal, ct)));
        api.MapPost("/actions/{id}/revert", (string id, HttpContext context, Sessions sessions, ActionService service) => DecideAsync(
            context, sessions, (principal, body, ct) => service.RevertAsync(id, body.Reason, body.BreakGlass, principal, ct)));
        api.MapGet("/settings", async (OpenChanges changes, CancellationToken ct) =>
        {
            var open = await changes.ReadAsync(ct);
            return Results.Json(SettingCatalog.All.Select(k => new SettingView(
                k.Key, k.Carrier.ToString(), k.Values, k.Min, k.Max, k.Default, k.Unit, k.Meaning, k.Trap, k.HowToPersist, k.MaxRevertMs / 1000,
                [.. open.Where(o => o.Key == k.Key)])), Json);
        });
    }

    private static async Task<IResult> RequestAsync(HttpContext context, Sessions sessions, ActionService service)
    {
        var ct = context.RequestAborted;
        var check = await sessions.CheckAsync(context.User, ct);
        if (check.Principal is not { } principal)
            return SignInRequired(check.Refusal);
        var (body, error) = await StrictBody.ReadAsync<ActionRequestBody>(context.Request, ct);
        if (body is null)
            return Invalid(error!);
        var (request, problem) = body.Read();
        if (request is null)
            return Invalid(new Reason(ActionReasons.InvalidRequest, problem!));
        var answer = await service.RequestAsync(request, principal, ct);
        return answer.Refusal is null
            ? Results.Json(ActionView.Of(answer.Record!, true), Json, statusCode: StatusCodes.Status201Created)
            : Refused(answer);
    }

    private static async Task<IResult> DecideAsync(HttpContext context, Sessions sessions, Func<Principal, DecisionBody, CancellationToken, Task<ActionAnswer>> decide)
    {
        var ct = context.RequestAborted;
        var check = await sessions.CheckAsync(context.User, ct);
        if (check.Principal is not { } principal)
            return SignInRequired(check.Refusal);
        var (body, error) = await StrictBody.ReadAsync<DecisionBody>(context.Request, ct);
        if (body is null)
            return Invalid(error!);
        var answer = await decide(principal, body, ct);
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
            records.Count == limit ? records[^1].Plan.RequestedMs.ToString(CultureInfo.InvariantCulture) : null), Json);
    }

    private static ProblemHttpResult Refused(ActionAnswer answer)
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
        return answer.Record is { } record
            ? ApiProblem.Create(status, refusal.Code, title, refusal.Message, ("action", record.Id), ("state", record.State.ToString()))
            : ApiProblem.Create(status, refusal.Code, title, refusal.Message);
    }

    private static ProblemHttpResult Missing() => ApiProblem.Create(
        StatusCodes.Status404NotFound, ActionReasons.NotFound, "No such action", "There is no action with this id: see GET /api/v1/actions.");

    private static ProblemHttpResult SignInRequired(Reason? why) => ApiProblem.Create(
        StatusCodes.Status401Unauthorized, why?.Code ?? IdentityErrorCodes.SignInRequired, "Sign in", why?.Message);

    private static ProblemHttpResult Invalid(Reason why) =>
        ApiProblem.Create(StatusCodes.Status400BadRequest, why.Code, "Invalid request", why.Message);
}
