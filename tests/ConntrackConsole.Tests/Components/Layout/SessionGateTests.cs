using System.Security.Claims;
using Bunit;
using ConntrackConsole.Audit;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using ConntrackConsole.Storage;
using ConntrackConsole.Tests.Identity;
using ConntrackConsole.Tests.Storage;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Tests.Components.Layout;

/// <summary>An open page over the real session store, with a fake clock.</summary>
public sealed class SessionGateTests : IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private readonly TestDatabase _database = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private Sessions _sessions = null!;
    private Principal _caller = null!;
    private IRenderedComponent<SessionGate> _page = null!;

    public async ValueTask InitializeAsync()
    {
        await Database.OpenAsync(_database, Xunit.TestContext.Current.CancellationToken);
        var links = new SignInLinks(new IdentityOptions { Links = [new SignInLinkOptions { Name = "olivia", Role = "operator" }] });
        _sessions = TestSessions.Of(_database, new AuditLog(_database, _clock), _clock, links);
        _caller = await _sessions.BeginAsync(links.All[0], null, Xunit.TestContext.Current.CancellationToken);
        var watch = new SessionWatch(_sessions, _clock, NullLogger<SessionWatch>.Instance);
        watch.SetAuthenticationState(Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity(
            [new Claim(ClaimTypes.Name, _caller.Name), new Claim(Sessions.SessionClaim, _caller.Session)], "cookie")))));
        _context.Services.AddAuthorizationCore();
        _context.Services.AddSingleton<IAuthorizationPolicyProvider, DefaultAuthorizationPolicyProvider>();
        _context.Services.AddSingleton<IAuthorizationService, DefaultAuthorizationService>();
        _context.Services.AddCascadingAuthenticationState();
        _context.Services.AddScoped<AuthenticationStateProvider>(_ => watch); // Disposed with the page.
        _page = _context.Render<SessionGate>(gate => gate.AddChildContent("<p class=seen>entries</p>"));
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        _database.Dispose();
    }

    [Fact]
    public async Task Page_SessionEndedElsewhere_IsHiddenAtOnce()
    {
        Assert.Single(_page.FindAll(".seen"));

        await _sessions.SignOutAsync(_caller, Xunit.TestContext.Current.CancellationToken);

        _page.WaitForAssertion(() => Assert.Contains("Your session has ended.", _page.Find("[data-testid=session-ended]").TextContent, StringComparison.Ordinal));
        // A plain link: the circuit may have ended with the session.
        var link = _page.Find("[data-testid=session-ended] a");
        Assert.Equal(("_top", false), (link.GetAttribute("target"), link.Attributes.Any(attribute => attribute.Name.StartsWith("blazor:", StringComparison.Ordinal))));
        Assert.Empty(_page.FindAll(".seen"));
    }

    [Fact]
    public async Task Page_AnotherSessionEnded_Stays()
    {
        await _sessions.SignOutAsync(_caller with { Session = "another" }, Xunit.TestContext.Current.CancellationToken);
        Assert.Single(_page.FindAll(".seen"));
    }

    [Fact]
    public async Task Page_SessionEndedInTheDatabase_IsHiddenAtTheNextCheck()
    {
        await _database.ExecuteAsync("UPDATE Sessions SET EndedMs = 1");
        Assert.Single(_page.FindAll(".seen"));

        _clock.Advance(SessionWatch.CheckInterval);

        _page.WaitForAssertion(() => Assert.Single(_page.FindAll("[data-testid=session-ended]")));
    }

    [Fact]
    public void Page_SessionExpires_IsHiddenAtTheNextCheck()
    {
        _clock.Advance(Sessions.Ttl - SessionWatch.CheckInterval);
        Assert.Single(_page.FindAll(".seen"));

        _clock.Advance(SessionWatch.CheckInterval);

        _page.WaitForAssertion(() => Assert.Single(_page.FindAll("[data-testid=session-ended]")));
    }
}
