using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components.Authorization;

namespace ConntrackConsole.Components.State;

/// <summary>The user of this circuit, read again for each operation, and whether they may act.</summary>
/// <param name="circuit">Maps the circuit's user to a principal; null after the session has ended.</param>
internal sealed class CurrentUser(Func<CancellationToken, Task<Principal?>> circuit, bool readOnly)
{
    public const string SessionEnded = "Your session has ended. Sign in again to make changes.";

    public static CurrentUser Of(IServiceProvider services) => new(
        async ct => await services.GetRequiredService<Sessions>().PrincipalAsync((await services.GetRequiredService<AuthenticationStateProvider>().GetAuthenticationStateAsync()).User, ct),
        services.GetRequiredService<ActionSettings>().ReadOnly);

    public Task<Principal?> PrincipalAsync(CancellationToken ct) => circuit(ct);

    /// <summary>Why the buttons are disabled for this user, or null. For display only: the action service authorizes each request.</summary>
    public string? DisabledReason(Principal? caller) => caller switch
    {
        null => SessionEnded,
        _ when readOnly => "This console is read-only (Actions:ReadOnly).",
        { Role: var role } when !role.MayAct() => $"Your role ({role.Name()}) is read-only. Ask an operator to act.",
        _ => null,
    };
}
