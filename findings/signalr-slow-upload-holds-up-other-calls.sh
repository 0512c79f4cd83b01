# WHAT: with SignalR, a hub method that consumes one upload stream slowly holds up every other call of that connection, whatever MaximumParallelInvocationsPerClient says
# GUESS: only that stream waits: StreamBufferCapacity is "per stream", and ten invocations may run in parallel.
# SEEN: ASP.NET Core 10, SignalR client 10.0.15: a stream of 18 items, read one in 500 ms, buffer 10. A Ping on the same connection
#   waits for 3 s (the server reads no further message while the buffer is full); with a buffer of 100 it is answered at once.
# MATTERS: calls that measure time or keep a lease share the fate of the slowest stream, so what must be prompt needs a connection
#   of its own, or a stream that is always drained.
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk.Web Microsoft.AspNetCore.SignalR.Client/10.0.15 <<'CSHARP'
using System.Diagnostics;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
foreach (int capacity in (int[])[10, 100])
{
    var builder = WebApplication.CreateBuilder();
    builder.Logging.ClearProviders();
    builder.WebHost.UseUrls("http://127.0.0.1:0");
    builder.Services.AddSignalR(options => { options.MaximumParallelInvocationsPerClient = 10; options.StreamBufferCapacity = capacity; });
    var app = builder.Build();
    app.MapHub<Hub>("/hub");
    await app.StartAsync();
    await using var connection = new HubConnectionBuilder().WithUrl(app.Urls.First() + "/hub").Build();
    await connection.StartAsync();
    await connection.InvokeAsync<string>("Ping");
    var slow = connection.InvokeAsync<int>("Consume", Items());
    await Task.Delay(300);
    var clock = Stopwatch.StartNew();
    await connection.InvokeAsync<string>("Ping");
    Console.WriteLine($"{capacity} {(clock.Elapsed.TotalSeconds > 1.5 ? "waits" : "answered at once")} ({clock.Elapsed.TotalSeconds:0.0} s)");
    await slow;
    await app.StopAsync();
}

static async IAsyncEnumerable<int> Items()
{
    for (int i = 0; i < 18; i++)
        yield return i;
    await Task.CompletedTask;
}

class Hub : Microsoft.AspNetCore.SignalR.Hub
{
    public string Ping() => "pong";

    public async Task<int> Consume(IAsyncEnumerable<int> items)
    {
        int count = 0;
        await foreach (int item in items)
        {
            count++;
            await Task.Delay(500);
        }

        return count;
    }
}
CSHARP
"$work/out/finding" >"$work/seen"
cat "$work/seen"
same "a ping beside it, buffer of 10" "$(sed -nE 's/^10 (.*) \(.*/\1/p' "$work/seen")" "waits"
same "a ping beside it, buffer of 100" "$(sed -nE 's/^100 (.*) \(.*/\1/p' "$work/seen")" "answered at once"
