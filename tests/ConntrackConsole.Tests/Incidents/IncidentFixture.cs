using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>Incidents over a real database, with a fake clock.</summary>
internal sealed class IncidentFixture : IDisposable
{
    public const long T0 = 1_790_000_000_000;

    private IncidentFixture()
    {
        Store = new IncidentStore(Database, Clock);
        Log = new AuditLog(Database, Clock);
        Service = new IncidentService(Store, Log, Clock, NullLogger<IncidentService>.Instance);
        Alerts = new AlertmanagerIntake(Service, Store, Clock);
    }

    public static async Task<IncidentFixture> StartAsync()
    {
        var fixture = new IncidentFixture();
        Assert.Null(await ConntrackConsole.Storage.Database.OpenAsync(fixture.Database, Ct));
        return fixture;
    }

    public TestDatabase Database { get; } = new();

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));

    public IncidentStore Store { get; }

    public AuditLog Log { get; }

    public IncidentService Service { get; }

    public AlertmanagerIntake Alerts { get; }

    public static Principal Ada { get; } = new("ada", Role.Operator, "s-1", "127.0.0.1");

    public static Principal Viewer { get; } = new("vera", Role.Viewer, "s-2", null);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>An incident of the last ten minutes.</summary>
    public async Task<Incident> OpenAsync(long? toMs = null, string title = "Orders reset")
    {
        var answer = await Service.OpenAsync(new IncidentRequest(title, T0 - 600_000, toMs) { Namespace = "shop", Service = "orders" }, Ada, Ct);
        Assert.True(answer is { Refusal: null, IsNew: true }, answer.Refusal?.Message);
        return answer.Incident!;
    }

    /// <summary>What of the audit log is about an incident, oldest first.</summary>
    public async Task<IReadOnlyList<AuditEntry>> RowsAsync(string id) => [.. (await Log.ReadAsync(new AuditFilter(ActionId: id), Ct)).Reverse()];

    public void Dispose()
    {
        Service.Dispose();
        Log.Dispose();
        Database.Dispose();
    }
}
