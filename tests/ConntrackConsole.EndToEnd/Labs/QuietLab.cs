using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>A lab without rollouts and console, shared by the tests of the collection <see cref="QuietLab"/>: none of them replaces a pod.</summary>
[CollectionDefinition(nameof(QuietLab))]
public sealed class QuietLab : ICollectionFixture<QuietLab>, IAsyncLifetime
{
    public const int Connections = 12; // of both clients

    internal RunningLab Lab { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Lab = await RunningLab.StartAsync("--without-console", "--rollouts", "0", "--connections", "6");
        await Lab.ConnectedAsync(Connections);
    }

    public ValueTask DisposeAsync() => Lab.DisposeAsync();
}
