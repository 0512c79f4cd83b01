using ConntrackConsole.Api.Problems;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Identity;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConntrackConsole.Api.Incidents;

/// <summary>Incidents for API clients, by the same service as the pages: list, open, write, close, and what Alertmanager sends.</summary>
internal static class IncidentsApi
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;
    private const string Json = "application/json";

    private static readonly int[] Changes = [400, 403, 404, 409, 415, 503];

    public static void MapIncidents(this IEndpointRouteBuilder api)
    {
        api.MapGet("/incidents", ListAsync).WithName("listIncidents").WithTags("Incidents").WithSummary("Incidents, newest first")
            .WithDescription($"Without notes, events and participants. limit is 1 to {MaxLimit}, default {DefaultLimit}.").ProducesApiProblem(400);
        api.MapGet("/incidents/{id}", GetAsync).WithName("getIncident").WithTags("Incidents").WithSummary("One incident with its notes, pinned events and participants").ProducesApiProblem(404);
        Change<OpenIncidentBody>(api, "/incidents", "openIncident", "Open an incident by its window, or from a finding", OpenAsync, StatusCodes.Status201Created);
        Change<UpdateIncidentBody>(api, "/incidents/{id}/update", "updateIncident", "Change title and window", (call, body) =>
            !IncidentBodies.TryTime(body.From, out long? from) || from is null ? Refuse(IncidentBodies.NoTime("from"))
            : !IncidentBodies.TryTime(body.To, out long? to) ? Refuse(IncidentBodies.NoTime("to"))
            : call.Service.UpdateAsync(call.Id, body.Title, from.Value, to, call.Principal, call.Ct));
        Change<NoteBody>(api, "/incidents/{id}/notes", "addIncidentNote", "Add a note", (call, body) => call.Service.NoteAsync(call.Id, body.Text, call.Principal, call.Ct));
        Change<NoteBody>(api, "/incidents/{id}/notes/{number}", "editIncidentNote", "Edit a note; the earlier versions are kept", (call, body) =>
            call.Service.EditNoteAsync(call.Id, (int)call.Number, body.Text, call.Principal, call.Ct));
        Change<PinBody>(api, "/incidents/{id}/events", "pinIncidentEvent", "Pin an event of the window", (call, body) =>
            IncidentBodies.Kind(body.Kind) is not { } kind ? Refuse(new Reason(IncidentCodes.InvalidText, "'kind' must be finding, termination, action, resets or other."))
            : !IncidentBodies.TryTime(body.At, out long? at) || at is null ? Refuse(IncidentBodies.NoTime("at"))
            : call.Service.PinAsync(call.Id, kind, body.Reference, at.Value, body.Text, call.Principal, call.Ct));
        Change<EmptyBody>(api, "/incidents/{id}/events/{number}/remove", "unpinIncidentEvent", "Remove a pinned event", (call, _) => call.Service.UnpinAsync(call.Id, call.Number, call.Principal, call.Ct));
        Change<ParticipantBody>(api, "/incidents/{id}/participants", "addIncidentParticipant", "Add a person who took part", (call, body) => call.Service.AddParticipantAsync(call.Id, body.Name, call.Principal, call.Ct));
        Change<EmptyBody>(api, "/incidents/{id}/close", "closeIncident", "Close it; its window ends now if it lasted", (call, _) => call.Service.CloseAsync(call.Id, call.Principal, call.Ct));
        Change<EmptyBody>(api, "/incidents/{id}/reopen", "reopenIncident", "Open a closed incident again", (call, _) => call.Service.ReopenAsync(call.Id, call.Principal, call.Ct));
        Change<EmptyBody>(api, "/incidents/{id}/release", "releaseIncident", "Let the window of a closed incident expire like any other", (call, _) => call.Service.ReleaseAsync(call.Id, call.Principal, call.Ct));
        api.MapPost("/incidents/alertmanager", AlertAsync).WithName("receiveAlerts").WithTags("Incidents").WithSummary("A webhook message of Alertmanager, version 4")
            .WithDescription("Opens an incident for a group of alerts, follows it while messages repeat, and sets its end when all are resolved.")
            .Produces<AlertAnswer>(StatusCodes.Status200OK, Json).ProducesApiProblem(400, 403, 409, 415, 503);
    }

    private static async Task<Results<Ok<IncidentList>, ProblemHttpResult>> ListAsync([AsParameters] PageParameters paging, HttpContext context, IncidentStore store, CancellationToken ct)
    {
        var reader = new QueryReader();
        reader.RefuseUnknown(context.Request.Query, typeof(PageParameters));
        int limit = reader.Integer("limit", paging.Limit, 1, MaxLimit) ?? DefaultLimit;
        var after = reader.Continue(paging.Continue, token => PageToken.TryRead(token) is { } place ? new ListPlace(place.AtMs, place.Id) : null);
        if (reader.Problem is { } problem)
            return problem;
        var incidents = await store.ListAsync(limit, after is null ? null : (after.OpenedMs, after.Id), ct);
        return TypedResults.Ok(new IncidentList(
            [.. incidents.Select(IncidentView.Of)], incidents.Count == limit ? PageToken.Write(incidents[^1].OpenedMs, incidents[^1].Id) : null));
    }

    private static async Task<Results<Ok<IncidentView>, ProblemHttpResult>> GetAsync(string id, IncidentStore store, CancellationToken ct) =>
        id.Length <= IncidentService.MaxName && await store.FindAsync(id, ct) is { } incident ? TypedResults.Ok(IncidentView.Of(incident)) : Missing();

    private static Task<IncidentAnswer> OpenAsync(IncidentCall call, OpenIncidentBody body)
    {
        if (!IncidentBodies.TryTime(body.From, out long? from) || (from is null && body.Finding is null))
            return Refuse(IncidentBodies.NoTime("from"));
        if (!IncidentBodies.TryTime(body.To, out long? to))
            return Refuse(IncidentBodies.NoTime("to"));
        return body.Finding is { } finding
            ? FromFindingAsync(call, finding, from, to, body.Title)
            : call.Service.OpenAsync(new IncidentRequest(body.Title ?? "", from!.Value, to) { Namespace = body.Namespace, Service = body.Service }, call.Principal, call.Ct);
    }

    private static async Task<IncidentAnswer> FromFindingAsync(IncidentCall call, string id, long? fromMs, long? toMs, string? title)
    {
        long nowMs = call.Services.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds();
        var report = call.Services.GetRequiredService<FindingMonitor>().Current;
        if (fromMs is { } from)
        {
            long to = toMs ?? nowMs;
            if (from < 0 || to <= from || to - from > Incident.MaxWindowMs)
                return IncidentAnswer.No(IncidentRefusalKind.Invalid, IncidentCodes.InvalidWindow, "The window of the finding is empty, before 1970 or longer than 24 hours.");
            report = await call.Services.GetRequiredService<StoredFindings>().ReadAsync(from, to, call.Ct);
        }

        if (report.Findings.FirstOrDefault(finding => finding.Id == id) is not { } found)
            return IncidentAnswer.No(IncidentRefusalKind.NotFound, IncidentCodes.NoSuchFinding, "The window has no finding with this id: see GET /api/v1/findings.");
        var request = IncidentRequest.Of(found, nowMs);
        return await call.Service.OpenAsync(title is null ? request : request with { Title = title }, call.Principal, call.Ct);
    }

    private static async Task<IResult> AlertAsync(HttpContext context, Sessions sessions, AlertmanagerIntake alerts)
    {
        var ct = context.RequestAborted;
        var check = await sessions.CheckAsync(context.User, ct);
        if (check.Principal is not { } principal)
            return SignInRequired(check.Refusal);
        var (body, error) = await StrictBody.ReadBytesAsync(context.Request, AlertmanagerMessage.MaxBytes, ct);
        if (error is not null)
            return ApiProblem.Create(StatusCodes.Status400BadRequest, error.Code, "Invalid request", error.Message);
        var answer = await alerts.TakeAsync(body, principal, ct);
        return answer.Refusal is { } refusal ? Refused(refusal) : TypedResults.Ok(new AlertAnswer(answer.IsNew, answer.Incident is { } incident ? IncidentView.Of(incident) : null));
    }

    private static void Change<T>(IEndpointRouteBuilder api, string path, string name, string summary, Func<IncidentCall, T, Task<IncidentAnswer>> change, int status = StatusCodes.Status200OK)
        where T : class, new() => api.MapPost(path, async Task<IResult> (HttpContext context, Sessions sessions, IncidentService service) =>
        {
            var ct = context.RequestAborted;
            var check = await sessions.CheckAsync(context.User, ct);
            if (check.Principal is not { } principal)
                return SignInRequired(check.Refusal);
            var (body, error) = await StrictBody.ReadAsync<T>(context.Request, ct);
            if (body is null)
                return ApiProblem.Create(StatusCodes.Status400BadRequest, error!.Code, "Invalid request", error.Message);
            var values = context.Request.RouteValues;
            var answer = await change(
                new IncidentCall(values["id"] as string ?? "", Number(values["number"]), principal, service, context.RequestServices, ct), body);
            return answer.Refusal is { } refusal ? Refused(refusal)
                : TypedResults.Json(IncidentView.Of(answer.Incident!), statusCode: answer.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
        })
        .WithName(name).WithTags("Incidents").WithSummary(summary).Accepts<T>(isOptional: true, Json).Produces<IncidentView>(status, Json).ProducesApiProblem(Changes);

    // Larger than any number that exists: not found.
    private static long Number(object? value) => value is string text && long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number) ? Math.Min(number, int.MaxValue) : -1;

    private static Task<IncidentAnswer> Refuse(Reason why) => Task.FromResult(IncidentAnswer.No(IncidentRefusalKind.Invalid, why.Code, why.Message));

    private static ProblemHttpResult Missing() => ApiProblem.Create(
        StatusCodes.Status404NotFound, IncidentCodes.NotFound, "No such incident", "There is no incident with this id: see GET /api/v1/incidents.");

    private static ProblemHttpResult SignInRequired(Reason? why) => ApiProblem.Create(
        StatusCodes.Status401Unauthorized, why?.Code ?? IdentityErrorCodes.SignInRequired, "Sign in", why?.Message);

    private static ProblemHttpResult Refused(IncidentRefusal refusal)
    {
        var (status, title) = refusal.Kind switch
        {
            IncidentRefusalKind.Role => (StatusCodes.Status403Forbidden, "Not allowed"),
            IncidentRefusalKind.NotFound => (StatusCodes.Status404NotFound, "Not found"),
            IncidentRefusalKind.State => (StatusCodes.Status409Conflict, "Not possible now"),
            IncidentRefusalKind.Fault => (StatusCodes.Status503ServiceUnavailable, "The console cannot write"),
            _ => (StatusCodes.Status400BadRequest, "Invalid request"),
        };
        return ApiProblem.Create(status, refusal.Code, title, refusal.Message);
    }

    private sealed record ListPlace(long OpenedMs, string Id);

    /// <summary>One request that changes an incident.</summary>
    /// <param name="Number">Of the note or the event in the path.</param>
    private sealed record IncidentCall(string Id, long Number, Principal Principal, IncidentService Service, IServiceProvider Services, CancellationToken Ct);
}
