using System.Net;
using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Incidents.Files;

namespace ConntrackConsole.Cli.Incidents;

/// <summary>Asks a running console for an incident file: only it knows the present settings and capabilities of the nodes.</summary>
internal static class IncidentSource
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    /// <param name="console">The console's address.</param>
    /// <param name="cookie">The Cookie header of a session, or null.</param>
    /// <param name="query">As that of the API.</param>
    /// <exception cref="IncidentFileException">There is no file, with the reason.</exception>
    public static async Task<byte[]> GetAsync(Uri console, string? cookie, string query, CancellationToken ct)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
        {
            Timeout = Timeout, MaxResponseContentBufferSize = IncidentFile.MaxBytes,
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(console, $"{ApiPath.Root}/incidents/export?{query}"));
        if (cookie is not null)
            request.Headers.TryAddWithoutValidation("Cookie", cookie);
        try
        {
            using var answer = await client.SendAsync(request, ct);
            byte[] body = await answer.Content.ReadAsByteArrayAsync(ct);
            return answer.StatusCode == HttpStatusCode.OK ? body : throw Refused(answer.StatusCode, body);
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            throw new IncidentFileException(IncidentFileCodes.Unavailable, $"The console at {console.GetLeftPart(UriPartial.Authority)} does not answer: {failure.Message.TrimEnd('.')}.");
        }
    }

    private static IncidentFileException Refused(HttpStatusCode status, byte[] body)
    {
        if (status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            return new IncidentFileException(IncidentFileCodes.Unavailable, $"The console rejects the session (HTTP {(int)status}): the Cookie header of a signed-in session is required, see --help.");
        try
        {
            using var problem = JsonDocument.Parse(body);
            if (problem.RootElement.TryGetProperty("code", out var code) && problem.RootElement.TryGetProperty("detail", out var detail) && code.GetString() is { } text)
                return new IncidentFileException(text, detail.GetString() ?? "The console refuses the export.");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // Not a console of this version.
        }

        return new IncidentFileException(IncidentFileCodes.Unavailable, $"The console answers with HTTP {(int)status}.");
    }
}
