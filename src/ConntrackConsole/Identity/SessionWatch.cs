using System.Data.Common;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace ConntrackConsole.Identity;

/// <summary>
/// Signs an open page out when its session ends: a circuit lives on one request and would otherwise never be revalidated. A session that is
/// ended loses its pages at once, one that expires at the next check. This only affects what is displayed; each action is authorized by
/// <see cref="Sessions.CheckAsync"/>.
/// </summary>
internal sealed partial class SessionWatch : ServerAuthenticationStateProvider, IDisposable
{
    public static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(30);

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

    private async Task WatchAsync(Task<AuthenticationState> state)
    {
        if (_watching)
            return;
        _watching = true;
        var stop = _closed.Token;
        using var timer = new PeriodicTimer(CheckInterval, _time);
        try
        {
            var user = (await state).User;
            _session = user.FindFirstValue(Sessions.SessionClaim);
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (await HasEndedAsync(user, stop))
                {
                    SignOut();
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
            SignOut();
    }

    private void SignOut() => SetAuthenticationState(Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity()))));

    private async Task<bool> HasEndedAsync(ClaimsPrincipal user, CancellationToken stop)
    {
        try
        {
            var check = await _sessions.CheckAsync(user, stop);
            // A cluster that does not answer must not end the view of an incident either.
            return check.Principal is null && !check.IsUnknown;
        }
        catch (DbException failure)
        {
            // A busy database must not end the view of an incident; no action is authorized without the database.
            LogCheckFailed(failure);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Session revalidation failed; will retry.")]
    private partial void LogCheckFailed(Exception failure);
}
