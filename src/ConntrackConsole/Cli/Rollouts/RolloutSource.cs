using System.Data.Common;
using System.Net;
using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Api.Rollouts;
using ConntrackConsole.Configuration;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Rollouts;
using ConntrackConsole.Storage;

namespace ConntrackConsole.Cli.Rollouts;

/// <summary>The latest rollout of a workload, as far as a source knows it.</summary>
/// <param name="Report">Null if nothing was measured yet.</param>
/// <param name="Failure">Why there is no answer, for users.</param>
internal sealed record RolloutAnswer(RolloutReportView? Report, string Code, string Failure)
{
    public static RolloutAnswer Of(RolloutReportView report) => new(report, report.Code, "");
}

/// <summary>Where the command reads a report.</summary>
internal interface IRolloutSource : IDisposable
{
    Task<RolloutAnswer> LatestAsync(RolloutFilter filter, int maxResets, CancellationToken ct);
}

/// <summary>The API of a running console, with the cookie of a session.</summary>
internal sealed class ApiRolloutSource(Uri console, string? cookie) : IRolloutSource
{
    /// <summary>The environment variable with the session's cookie; not an option, because other users see the arguments of a program.</summary>
    public const string CookieVariable = "CONNTRACK_COOKIE";

    private const long MaxAnswer = 64L << 20;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
    {
        BaseAddress = console, Timeout = Timeout, MaxResponseContentBufferSize = MaxAnswer,
    };

    public async Task<RolloutAnswer> LatestAsync(RolloutFilter filter, int maxResets, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        try
        {
            string query = $"rollouts?limit=1&namespace={Uri.EscapeDataString(filter.Namespace!)}&workload={Uri.EscapeDataString(filter.Workload!)}"
                + (filter.FromMs > 0 ? $"&from={ApiTime.Text(filter.FromMs)}" : "");
            var page = await GetAsync<RolloutPage>(query, ct);
            if (page?.Items is not [{ Id: { } id }, ..])
                return new RolloutAnswer(null, RolloutCodes.NotFound, $"The console knows no rollout of {filter.Namespace}/{filter.Workload}{(filter.FromMs > 0 ? " since then" : "")}.");
            return await GetAsync<RolloutReportView>($"rollouts/{string.Join('/', id.Split('/').Select(Uri.EscapeDataString))}?maxResets={maxResets}", ct) is { Rollout: not null, Code: not null } report
                ? RolloutAnswer.Of(report) : Unavailable("it does not have this rollout any more");
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return Unavailable(failure is JsonException ? "its answer is not that of a console of this version" : failure.Message);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<T?> GetAsync<T>(string path, CancellationToken ct)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(console, ApiPath.Root + "/" + path));
        if (cookie is not null)
            request.Headers.TryAddWithoutValidation("Cookie", cookie);
        using var answer = await _client.SendAsync(request, ct);
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new StartupException(
                RolloutCodes.ConsoleUnavailable, $"The console rejects the session (HTTP {(int)answer.StatusCode}): set {CookieVariable} to the Cookie header of a signed-in session.");
        }

        if (answer.StatusCode == HttpStatusCode.NotFound)
            return null;
        answer.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<T>(await answer.Content.ReadAsByteArrayAsync(ct), JsonSerializerOptions.Web);
    }

    private RolloutAnswer Unavailable(string why) =>
        new(null, RolloutCodes.ConsoleUnavailable, $"The console at {console.GetLeftPart(UriPartial.Authority)} does not answer: {why.TrimEnd('.')}.");
}

/// <summary>The database of a console, also while it runs: the permissions of its directory decide, as for 'audit verify'. Measurements are in it once they are final.</summary>
internal sealed class DatabaseRolloutSource : IRolloutSource
{
    private readonly RolloutArchive _rollouts;
    private readonly RolloutReportStore _reports;

    public DatabaseRolloutSource(string connectionString)
    {
        var database = new ReadOnlyDatabase(connectionString);
        // Nothing is in the memory of this program.
        _rollouts = new RolloutArchive(database, new TerminationLog(new RolloutLog()));
        _reports = new RolloutReportStore(database);
    }

    public async Task<RolloutAnswer> LatestAsync(RolloutFilter filter, int maxResets, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        try
        {
            if (await _rollouts.ReadAsync(filter, null, 1, ct) is not [{ } latest, ..])
                return new RolloutAnswer(null, RolloutCodes.NotFound, $"The database has no rollout of {filter.Namespace}/{filter.Workload}{(filter.FromMs > 0 ? " since then" : "")}.");
            if (await _reports.FindAsync(latest.Id, ct) is { } measurement)
                return RolloutAnswer.Of(RolloutReportView.Of(await RolloutReporter.CompareAsync(latest, measurement, _rollouts, _reports, ct), maxResets));
            return latest.IsOpen
                ? new RolloutAnswer(null, RolloutCodes.InProgress, $"The rollout {latest.Id} has not ended: use --wait.")
                : new RolloutAnswer(null, RolloutCodes.EvidencePending, $"The rollout {latest.Id} is not measured yet: use --wait, and see that a console runs on this database.");
        }
        catch (DbException failure)
        {
            throw new StartupException(StartupErrorCodes.DatabaseUnreadable, $"The database cannot be read (SQLite: {failure.Message.TrimEnd('.')}): check the file and its permissions.");
        }
    }

    public void Dispose()
    {
        // Each context closes its own connection.
    }
}
