using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Identity;
using Microsoft.AspNetCore.Components.Authorization;

namespace ConntrackConsole.Components.State;

/// <summary>Who sits at this circuit, asked anew at each step, and whether this person may change anything from here.</summary>
/// <param name="circuit">The only place that knows how a circuit's user becomes a caller; null where the session has ended.</param>
public sealed class CurrentUser(Func<CancellationToken, Task<Principal?>> circuit, bool readOnly)
{
    public const string SessionEnded = "Your session has ended, so nothing can be changed: sign in again.";

    public static CurrentUser Of(IServiceProvider rooms) => new(
        async ct => await rooms.GetRequiredService<Sessions>().PrincipalAsync((await rooms.GetRequiredService<AuthenticationStateProvider>().GetAuthenticationStateAsync()).User, ct),
        rooms.GetRequiredService<ActionSettings>().ReadOnly);

    public Task<Principal?> PrincipalAsync(CancellationToken ct) => circuit(ct);

    /// <summary>The sentence why this person's buttons are off, or null. The desk decides again, and it decides for real.</summary>
    public string? Off(Principal? principal) => principal switch
    {
        null => SessionEnded,
        _ when readOnly => "This console is set to read only (Actions:ReadOnly): nothing can be changed from it.",
        { Role: var role } when !role.MayAct() => $"You are a {role.Name()} here and may look only: ask an operator.",
        _ => null,
    };
}
