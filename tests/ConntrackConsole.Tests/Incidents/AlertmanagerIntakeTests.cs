using System.Text;
using ConntrackConsole.Incidents.Records;
using Xunit;
using static ConntrackConsole.Tests.Incidents.IncidentFixture;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>One group of alerts is one incident, however often Alertmanager repeats it, and whatever it sends.</summary>
[Trait("Category", "Parser")]
public sealed class AlertmanagerIntakeTests : IAsyncLifetime
{
    private IncidentFixture _console = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _console = await StartAsync();

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Fact]
    public async Task Firing_OpensAnIncident_WithSummaryServiceAndStart()
    {
        var answer = await TakeAsync(Message("firing"));
        Assert.True(answer.IsNew);
        var incident = answer.Incident!;
        Assert.Equal(("Orders has resets", OpenedVia.Alertmanager, "shop", "orders"), (incident.Title, incident.Via, incident.Namespace, incident.Service));
        // Five minutes before the alert: its rule waited.
        Assert.Equal((T0 - 120_000 - 300_000, null), (incident.FromMs, incident.ToMs));
        Assert.Equal("{}:{alertname=\"Resets\"}", incident.Source);
    }

    [Fact]
    public async Task Repeated_UpdatesOneIncident_ResolvedSetsItsEnd_FiringAgainContinuesIt()
    {
        string id = (await TakeAsync(Message("firing"))).Incident!.Id;
        Assert.Equal(id, (await TakeAsync(Message("firing"))).Incident!.Id);
        Assert.Single(await _console.RowsAsync(id));

        // An alert of the same group that began earlier.
        Assert.Equal(T0 - 240_000 - 300_000, (await TakeAsync(Message("firing", startsMs: T0 - 240_000))).Incident!.FromMs);
        _console.Clock.Advance(TimeSpan.FromMinutes(10));
        var resolved = (await TakeAsync(Message("resolved", endsMs: T0 + 300_000))).Incident!;
        Assert.Equal((id, T0 + 300_000, true), (resolved.Id, resolved.ToMs, resolved.IsOpen));
        var again = (await TakeAsync(Message("firing", startsMs: T0 + 500_000))).Incident!;
        Assert.Equal((id, null), (again.Id, again.ToMs));
        Assert.Equal(["incident.opened", "incident.updated", "incident.updated", "incident.updated"], (await _console.RowsAsync(id)).Select(row => row.What));
        Assert.Single(await _console.Store.ListAsync(10, null, Ct));
    }

    [Fact]
    public async Task TitleOfAPerson_Stays()
    {
        string id = (await TakeAsync(Message("firing"))).Incident!.Id;
        await _console.Service.UpdateAsync(id, "The cart lost its pods", T0 - 420_000, null, Ada, Ct);
        Assert.Equal("The cart lost its pods", (await TakeAsync(Message("firing", startsMs: T0 - 300_000))).Incident!.Title);
    }

    [Fact]
    public async Task ClosedIncident_FiringAgain_OpensAnother()
    {
        string id = (await TakeAsync(Message("firing"))).Incident!.Id;
        await _console.Service.CloseAsync(id, Ada, Ct);
        var other = await TakeAsync(Message("firing"));
        Assert.True(other.IsNew);
        Assert.NotEqual(id, other.Incident!.Id);
    }

    /// <summary>An alert that fires for days neither fails, nor opens an incident each time.</summary>
    [Fact]
    public async Task FiringForDays_StaysOneIncident_OfTheMaximumLength()
    {
        string id = (await TakeAsync(Message("firing"))).Incident!.Id;
        _console.Clock.Advance(TimeSpan.FromHours(50));
        Assert.Equal((id, false), (await TakeAsync(Message("firing"))) is { } repeated ? (repeated.Incident!.Id, repeated.IsNew) : default);
        var resolved = (await TakeAsync(Message("resolved", endsMs: T0 + 49 * 3_600_000L))).Incident!;
        Assert.Equal((id, T0 - 420_000 + Incident.MaxWindowMs), (resolved.Id, resolved.ToMs));
        // Another day is another incident.
        Assert.True((await TakeAsync(Message("firing", startsMs: T0 + 49 * 3_600_000L))).IsNew);
    }

    [Fact]
    public async Task Resolved_WithoutAnIncident_OpensNone()
    {
        var answer = await TakeAsync(Message("resolved", endsMs: T0 - 60_000));
        Assert.Equal((null, null), (answer.Incident, answer.Refusal));
        Assert.Empty(await _console.Store.ListAsync(10, null, Ct));
    }

    [Fact]
    public async Task PartlyResolved_Lasts() =>
        Assert.Null((await TakeAsync($$"""{"version":"4","groupKey":"k","status":"firing","alerts":[{{Alert("resolved", T0 - 300_000, T0 - 200_000)}},{{Alert("firing", T0 - 60_000, null)}}]}""")).Incident!.ToMs);

    /// <summary>Times of a clock that is wrong, or invented, never make an impossible window.</summary>
    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1969-12-31T23:59:59Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    [InlineData("2026-09-01T00:00:00.123456789+14:00")]
    public async Task StrangeTimes_AreBoundedByTheClock(string time)
    {
        foreach (string status in (string[])["firing", "resolved"])
        {
            var answer = await TakeAsync($$"""{"version":"4","groupKey":"k","status":"{{status}}","alerts":[{"status":"{{status}}","startsAt":"{{time}}","endsAt":"{{time}}"}]}""");
            Assert.Null(answer.Refusal);
            var incident = answer.Incident!;
            Assert.InRange(incident.FromMs, T0 - (2 * Incident.MaxWindowMs), T0 - 1);
            Assert.InRange(incident.EndMs(T0), incident.FromMs + 1, Math.Min(T0, incident.FromMs + Incident.MaxWindowMs));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"version\":4,\"groupKey\":\"k\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"3\",\"groupKey\":\"k\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"4\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"k\",\"status\":\"firing\",\"alerts\":[]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"k\",\"status\":\"firing\",\"alerts\":[null]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"k\",\"status\":\"burning\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"k\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"soon\"}]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"k\",\"status\":\"resolved\",\"alerts\":[{\"status\":\"resolved\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"\\ud800\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"4\",\"version\":\"4\",\"groupKey\":\"k\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"k\",\"commonLabels\":{\"a\":{\"b\":1}},\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"2026-09-21T00:00:00Z\"}]}")]
    [InlineData("{\"version\":\"4\",\"groupKey\":\"k\",\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"startsAt\":\"9999-12-31T23:59:59.999999999Z\"}]}")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[")]
    public async Task OtherBody_IsRefusedWithACode_AndNothingIsWritten(string body)
    {
        var answer = await TakeAsync(body);
        Assert.Equal((IncidentRefusalKind.Invalid, IncidentCodes.NotAnAlert), (answer.Refusal!.Kind, answer.Refusal.Code));
        Assert.NotEmpty(answer.Refusal.Message);
        Assert.Empty(await _console.Log.ReadAsync(new(), Ct));
    }

    [Fact]
    public async Task EveryTruncation_IsRefused()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Message("firing"));
        for (int length = 0; length < whole.Length; length++)
            Assert.Equal(IncidentCodes.NotAnAlert, (await _console.Alerts.TakeAsync(whole.AsMemory(0, length), Ada, Ct)).Refusal!.Code);
    }

    [Fact]
    public async Task HostileLabels_BecomeShortPlainText()
    {
        string summary = "<script>alert(1)</script>\\u001b[31m\\r\\n\\u0000" + new string('x', 5_000);
        string body = $$$"""{"version":"4","groupKey":"{{{new string('k', 4_000)}}}","status":"firing","commonAnnotations":{"summary":"{{{summary}}}"},"commonLabels":{"namespace":"{{{new string('n', 900)}}}","service":null},"alerts":[{{{Alert("firing", T0 - 1_000, null)}}}]}""";
        var incident = (await TakeAsync(body)).Incident!;
        Assert.True(incident.Title.Length <= IncidentService.MaxTitle);
        Assert.DoesNotContain(incident.Title, char.IsControl);
        Assert.StartsWith("<script>alert(1)</script> [31m", incident.Title, StringComparison.Ordinal);
        Assert.True(incident.Source!.Length <= IncidentService.MaxText + 1 && incident.Namespace!.Length <= IncidentService.MaxText);
        Assert.Null(incident.Service);
    }

    private Task<IncidentAnswer> TakeAsync(string body) => _console.Alerts.TakeAsync(Encoding.UTF8.GetBytes(body), Ada, Ct);

    private static string Message(string status, long startsMs = T0 - 120_000, long? endsMs = null) => $$$"""
        {"version":"4","groupKey":"{}:{alertname=\"Resets\"}","truncatedAlerts":0,"status":"{{{status}}}","receiver":"console","groupLabels":{"alertname":"Resets"},
         "commonLabels":{"alertname":"Resets","namespace":"shop","service":"orders"},"commonAnnotations":{"summary":"Orders has resets"},"externalURL":"http://a:9093",
         "alerts":[{{{Alert(status, startsMs, endsMs)}}}]}
        """;

    private static string Alert(string status, long startsMs, long? endsMs) =>
        $$"""{"status":"{{status}}","labels":{"pod":"orders-1"},"annotations":{},"startsAt":"{{Text(startsMs)}}","endsAt":"{{(endsMs is { } ends ? Text(ends) : "0001-01-01T00:00:00Z")}}","generatorURL":"","fingerprint":"f"}""";

    private static string Text(long ms) => $"{DateTimeOffset.FromUnixTimeMilliseconds(ms):yyyy-MM-dd'T'HH:mm:ss.fff}000000Z";
}
