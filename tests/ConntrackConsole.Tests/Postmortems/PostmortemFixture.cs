using ConntrackConsole.Audit;
using ConntrackConsole.Identity;
using ConntrackConsole.Postmortems.Records;
using ConntrackConsole.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Postmortems;

/// <summary>Incidents over a real database, with a fake clock.</summary>
internal sealed class PostmortemFixture : IDisposable
{
    public const long T0 = 1_790_000_000_000;

    private PostmortemFixture()
    {
        Store = new PostmortemStore(Database, Clock);
        Log = new AuditLog(Database, Clock);
        Service = new PostmortemService(Store, Log, Clock, NullLogger<PostmortemService>.Instance);
        Alerts = new AlertmanagerIntake(Service, Store, Clock);
    }

    public static async Task<PostmortemFixture> StartAsync()
    {
        var fixture = new PostmortemFixture();
        Assert.Null(await ConntrackConsole.Storage.Database.OpenAsync(fixture.Database, Ct));
        return fixture;
    }

    public TestDatabase Database { get; } = new();

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));

    public PostmortemStore Store { get; }

    public AuditLog Log { get; }

    public PostmortemService Service { get; }

    public AlertmanagerIntake Alerts { get; }

    public static Principal Ada { get; } = new("ada", Role.Operator, "s-1", "127.0.0.1");

    public static Principal Viewer { get; } = new("vera", Role.Viewer, "s-2", null);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>An incident of the last ten minutes.</summary>
    public async Task<Postmortem> OpenAsync(long? toMs = null, string title = "Orders reset")
    {
        var answer = await Service.OpenAsync(new PostmortemRequest(title, T0 - 600_000, toMs) { Namespace = "shop", Service = "orders" }, Ada, Ct);
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
