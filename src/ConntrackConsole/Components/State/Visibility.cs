using Microsoft.AspNetCore.Components.Server.Circuits;

namespace ConntrackConsole.Components.State;

/// <summary>
/// Whether anyone can see this circuit's page: not in a hidden tab, nor while its browser is not connected. Such a page refreshes nothing;
/// when it is visible again, it refreshes at once.
/// </summary>
internal sealed class Visibility : CircuitHandler
{
    private volatile bool _isHidden;
    private volatile bool _isDisconnected;

    /// <summary>Raised when the page becomes visible.</summary>
    public event Action? Shown;

    public bool IsHidden => _isHidden || _isDisconnected;

    /// <summary>The browser reports its tab.</summary>
    public void Set(bool isHidden) => Change(isHidden, _isDisconnected);

    public override Task OnConnectionDownAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Change(_isHidden, true);
        return Task.CompletedTask;
    }

    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        Change(_isHidden, false);
        return Task.CompletedTask;
    }

    private void Change(bool isHidden, bool isDisconnected)
    {
        bool was = IsHidden;
        (_isHidden, _isDisconnected) = (isHidden, isDisconnected);
        if (was && !IsHidden)
            Shown?.Invoke();
    }
}
