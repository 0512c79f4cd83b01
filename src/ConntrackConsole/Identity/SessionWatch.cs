using System.Data.Common;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace ConntrackConsole.Identity;

/// <summary>
/// Takes the page away from a session that has ended while it was open: a circuit lives on one request and would never be
/// asked again. One that is ended loses it at once, one that runs out at the next look. What is decisive is
/// <see cref="Sessions.CheckAsync"/> at each act; this is for what is seen.
/// </summary>
internal sealed partial class SessionWatch : ServerAuthenticationStateProvider, IDisposable
{
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _closed = new();
    private readonly Sessions _sessions;
    private readonly TimeProvider _time;
    private readonly ILogger<SessionWatch> _log;
    private bool _watching;
    private string? _session;

    public SessionWatch(Sessions sessions, TimeProvider time, ILogger<SessionWatch> log)
    {
        (_sessions, _time, _log) = (sessions, time, log);
        AuthenticationStateChanged += state => _ = WatchAsync(state);
        _sessions.Ended += OnEnded;
    }

    public void Dispose()
    {
        _sessions.Ended -= OnEnded;
        _closed.Cancel();
        _closed.Dispose();
    }

    private async Task WatchAsync(Task<AuthenticationState> told)
    {
        if (_watching)
            return;
        _watching = true;
        var stop = _closed.Token;
        using var timer = new PeriodicTimer(Every, _time);
        try
        {
            var user = (await told).User;
            _session = user.FindFirstValue(Sessions.SessionClaim);
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (await IsOverAsync(user, stop))
                {
                    TakeAway();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The page was closed.
        }
    }

    private void OnEnded(string session)
    {
        if (session == _session)
            TakeAway();
    }

    private void TakeAway() => SetAuthenticationState(Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity()))));

    private async Task<bool> IsOverAsync(ClaimsPrincipal user, CancellationToken stop)
    {
        try
        {
            return await _sessions.CallerAsync(user, stop) is null;
        }
        catch (DbException failure)
        {
            // A database that is busy ends nobody's view of an incident; no act goes through without it.
            LogNotAsked(failure);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether a session still holds could not be asked; it is asked again.")]
    private partial void LogNotAsked(Exception failure);
}
