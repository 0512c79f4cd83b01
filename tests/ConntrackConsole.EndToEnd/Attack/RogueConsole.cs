using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>A compromised console: it accepts the collector and sends any command, without the console's guards.</summary>
public sealed class RogueConsole : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Seat _seat;

    private RogueConsole(WebApplication app, DirectoryInfo folder)
    {
        (_app, Folder) = (app, folder);
        _seat = app.Services.GetRequiredService<Seat>();
    }

    public DirectoryInfo Folder { get; }

    public static async Task<RogueConsole> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cc-lie-");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(folder.FullName, "c.sock")));
        builder.Services.AddSingleton<Seat>();
        builder.Services.AddSignalR(hub =>
        {
            hub.MaximumReceiveMessageSize = null;
            hub.MaximumParallelInvocationsPerClient = 8;
        });
        var app = builder.Build();
        app.MapHub<LyingHub>(HubMethods.Path);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RogueConsole(app, folder);
    }

    /// <summary>Accepts every collector.</summary>
    public Task ConnectedAsync() => Eventually.TrueAsync(() => _seat.Connection is not null);

    /// <summary>Sends a request or command that may be malformed.</summary>
    /// <exception cref="HubException">The collector could not parse it.</exception>
    public async Task<T> SendAsync<T>(string method, object? request)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        var hub = _app.Services.GetRequiredService<IHubContext<LyingHub>>();
        return await hub.Clients.Client(_seat.Connection!).InvokeCoreAsync<T>(method, [request!], patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Folder.Delete(true);
    }

    internal sealed class Seat
    {
        public volatile string? Connection;
    }

    internal sealed class LyingHub(Seat seat) : Hub
    {
        public Welcome Hello(Hello hello)
        {
            seat.Connection = hello.Node.Length > 0 ? Context.ConnectionId : null;
            return new Welcome(true, null);
        }

        public async Task Frames(IAsyncEnumerable<byte[]> frames)
        {
            await foreach (byte[] frame in frames.WithCancellation(Context.ConnectionAborted))
                _ = frame;
        }

        public Task Backfill(long startedAtMs, IAsyncEnumerable<byte[]> frames) => startedAtMs > 0 ? Frames(frames) : Task.CompletedTask;

        public long Clock() => Context.ConnectionId.Length > 0 ? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() : 0;

        public long ActionJournal(JournalReport report) => Context.ConnectionId.Length > 0 ? report.Entries[^1].Number : 0;
    }
}
