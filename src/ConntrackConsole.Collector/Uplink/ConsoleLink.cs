using System.Net.WebSockets;
using ConntrackConsole.Collector.Commands.Dispatch;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>
/// Maintains the connection to the console: introduces the node, streams the outbox, receives acknowledgements, measures the
/// clock offset, dispatches commands and reports the journal. Reconnects without limit.
/// </summary>
internal sealed class ConsoleLink(
    ConsoleAddress address, NodeCredential credential, Func<Hello> hello, Outbox outbox, ConsoleClock clock, CommandDispatcher commands,
    Action<WatchList> watch, Action connected, TextWriter log)
{
    public async Task RunAsync(CancellationToken stop)
    {
        string? lastLogged = null;
        var backoff = ReconnectBackoff.For(address, Random.Shared);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = Build();
                await connection.StartAsync(stop);
                var welcome = await connection.InvokeAsync<Welcome>(HubMethods.Hello, hello(), stop);
                if (welcome is { Accepted: false, IsTemporary: true })
                    throw new IOException("it does not accept this collector yet. " + new Reason(CodeOf(welcome), welcome.Refusal ?? ""));
                // Wrong secret or a second collector for the node: retrying cannot help.
                if (!welcome.Accepted)
                    throw new UplinkException(CodeOf(welcome), "The console refused this collector. " + welcome.Refusal);
                Log("connected to the console at " + address);
                backoff.Reset();
                await StreamAsync(connection, stop);
                Log("the console ended the stream of frames");
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is not (UplinkException or OutOfMemoryException))
            {
                Log($"no connection to the console at {address}: {failure.Message}");
            }

            await Task.Delay(backoff.Next(), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        void Log(string sentence)
        {
            if (sentence == lastLogged)
                return;
            lastLogged = sentence;
            log.WriteLine(sentence);
        }
    }

    // A console of an earlier version sends no code.
    private static string CodeOf(Welcome refused) => refused.Code ?? CommandLineReasons.ConsoleRefused;

    // A closed connection does not end a stream that waits for its next frame.
    private async Task StreamAsync(HubConnection connection, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        connection.Closed += failure =>
        {
            ended.Cancel();
            return Task.CompletedTask;
        };
        var delivery = outbox.Connect();
        connected(); // The first frame of a connection is a key frame: the console may have no state of this node.
        Task[] parts =
        [
            connection.InvokeAsync(HubMethods.Frames, delivery.LiveAsync(ended.Token), ended.Token),
            BackfillAsync(connection, delivery, ended.Token),
            CompareClocksAsync(connection, ended.Token),
            commands.ReportAsync(connection, ended.Token),
        ];
        try
        {
            await await Task.WhenAny(parts);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new IOException("the connection was closed");
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task BackfillAsync(HubConnection connection, Delivery delivery, CancellationToken stop)
    {
        while (true)
        {
            long run = await delivery.NextRunAsync(stop);
            await connection.InvokeAsync(HubMethods.Backfill, run, delivery.BackfillAsync(run, stop), stop);
        }
    }

    private async Task CompareClocksAsync(HubConnection connection, CancellationToken stop)
    {
        while (true)
        {
            await clock.MeasureAsync(() => connection.InvokeAsync<long>(HubMethods.Clock, stop));
            await Task.Delay(ConsoleClock.Interval, stop);
        }
    }

    private HubConnection Build()
    {
        var builder = new HubConnectionBuilder().WithUrl(address.Hub, options =>
        {
            options.Transports = HttpTransportType.WebSockets;
            options.SkipNegotiation = true;
            options.WebSocketFactory = async (context, stop) =>
            {
                var socket = new ClientWebSocket();
                var handler = address.Handler();
                using var invoker = handler is null ? null : new HttpMessageInvoker(handler);
                await credential.ConnectAsync(socket, context.Uri, invoker, stop);
                return socket;
            };
        });
        builder.AddJsonProtocol(options => options.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, WireJson.Default));
        var connection = builder.Build();
        connection.On<StoredRanges>(HubMethods.Stored, outbox.Stored);
        commands.Register(connection);
        connection.On<WatchList>(HubMethods.Watch, watch);
        return connection;
    }
}
