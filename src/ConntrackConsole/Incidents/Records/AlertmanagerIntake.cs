using ConntrackConsole.Identity;

namespace ConntrackConsole.Incidents.Records;

/// <summary>
/// Opens and follows incidents by messages of Alertmanager: one incident for each group of alerts. A group that fires again after it was resolved
/// continues its incident until someone closes that, or its window would be too long.
/// </summary>
internal sealed class AlertmanagerIntake(IncidentService incidents, IncidentStore store, TimeProvider time)
{
    /// <returns>The incident; neither that nor a refusal if alerts were resolved of which no incident is open.</returns>
    public async Task<IncidentAnswer> TakeAsync(ReadOnlyMemory<byte> body, Principal principal, CancellationToken ct)
    {
        var (message, problem) = AlertmanagerMessage.Read(body.Span);
        if (message is null)
            return IncidentAnswer.No(IncidentRefusalKind.Invalid, IncidentCodes.NotAnAlert, problem!);
        var request = message.ToRequest(time.GetUtcNow().ToUnixTimeMilliseconds());
        if (request.ToMs is not null && await store.OpenOfAsync(message.SourceKey, ct) is null)
            return new IncidentAnswer(null, null);
        var opened = await incidents.OpenAsync(request, principal, ct);
        return opened is { Incident: { } incident, IsNew: false } ? await incidents.FollowAlertAsync(incident.Id, request, principal, ct) : opened;
    }
}
