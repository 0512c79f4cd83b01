using ConntrackConsole.Components.State;
using ConntrackConsole.Identity;
using ConntrackConsole.Incidents.Opened;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Components.State;

public sealed class CurrentUserTests
{
    private readonly FakeTimeProvider _clock = new();
    private int _reads;

    [Fact]
    public async Task Recent_ReadsAgainAfterSomeSeconds_PrincipalEachTime()
    {
        var user = new CurrentUser(ReadAsync, readOnly: false, _clock);
        var ct = TestContext.Current.CancellationToken;

        for (int refresh = 0; refresh < 10; refresh++)
        {
            await user.RecentAsync(ct);
            _clock.Advance(TimeSpan.FromMilliseconds(500));
        }

        Assert.Equal(1, _reads);
        Assert.Null(await user.RecentAsync(ct));
        Assert.Equal(2, _reads);
        await user.PrincipalAsync(ct);
        Assert.Equal(3, _reads);
    }

    [Fact]
    public void DisabledReason_OfAnIncidentFile_IsTheFile_WhateverTheRole()
    {
        var user = new CurrentUser(ReadAsync, readOnly: true, _clock, new OpenedIncident("broken.incident", 1_000, 2_000, "0.1.0", null));

        foreach (var role in Enum.GetValues<Role>())
            Assert.Equal(OpenedIncident.OffReason, user.DisabledReason(new Principal("anna", role, "session", null)));
        Assert.Equal(CurrentUser.SessionEnded, user.DisabledReason(null));
    }

    private Task<Principal?> ReadAsync(CancellationToken ct) =>
        Task.FromResult(++_reads == 1 ? new Principal("anna", Role.Operator, "session", null) : null);
}
