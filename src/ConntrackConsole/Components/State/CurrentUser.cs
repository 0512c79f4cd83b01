using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Identity;
using ConntrackConsole.Incidents.Opened;
using Microsoft.AspNetCore.Components.Authorization;

namespace ConntrackConsole.Components.State;

/// <summary>The user of this circuit, read again for each operation, and whether they may act.</summary>
/// <param name="circuit">Maps the circuit's user to a principal; null after the session has ended.</param>
/// <param name="clock">For <see cref="RecentAsync"/>.</param>
/// <param name="opened">The incident file that the console shows, or null.</param>
internal sealed class CurrentUser(Func<CancellationToken, Task<Principal?>> circuit, bool readOnly, TimeProvider clock, OpenedIncident? opened = null)
{
    private const long RecentMs = 5_000;

    private (Principal? Principal, long ReadMs)? _recent;

    public const string SessionEnded = "Your session has ended. Sign in again to make changes.";

    public static CurrentUser Of(IServiceProvider services) => new(
        async ct => await services.GetRequiredService<Sessions>().PrincipalAsync((await services.GetRequiredService<AuthenticationStateProvider>().GetAuthenticationStateAsync()).User, ct),
        services.GetRequiredService<ActionSettings>().ReadOnly, services.GetRequiredService<TimeProvider>(), services.GetService<OpenedIncident>());

    /// <summary>The incident file that the console shows; null for one of a cluster.</summary>
    public OpenedIncident? Opened => opened;

    public Task<Principal?> PrincipalAsync(CancellationToken ct) => circuit(ct);

    /// <summary>The user of some seconds ago, for what only shows whether they may act, several times a second.</summary>
    public async Task<Principal?> RecentAsync(CancellationToken ct)
    {
        long nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (_recent is not { } recent || nowMs - recent.ReadMs is < 0 or >= RecentMs)
            _recent = recent = (await circuit(ct), nowMs);
        return recent.Principal;
    }

    /// <summary>Why the buttons are disabled for this user, or null. For display only: the action service authorizes each request.</summary>
    public string? DisabledReason(Principal? caller) => caller switch
    {
        null => SessionEnded,
        _ when opened is not null => OpenedIncident.OffReason,
        _ when readOnly => "This console is read-only (Actions:ReadOnly).",
        { Role: var role } when !role.MayAct() => $"Your role ({role.Name()}) is read-only. Ask an operator to act.",
        _ => null,
    };
}
