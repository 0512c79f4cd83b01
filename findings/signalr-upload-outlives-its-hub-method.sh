# WHAT: when a SignalR hub method has returned, the client goes on producing and sending the items of its upload stream, for as long as the connection lives
# GUESS: the result of the invocation ends the stream: the client's enumerator is disposed or its token cancelled.
# SEEN: ASP.NET Core 10, SignalR client 10.0.15: the method takes two items and returns; a second later the client has produced and sent
#   dozens more, without error on either side. The enumerator ends only by the caller's own token or the connection's end.
# MATTERS: every early return of a hub method leaks a loop in the client that works and sends for nothing; a reconnecting collector must
#   cancel its streams itself.
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk.Web Microsoft.AspNetCore.SignalR.Client/10.0.15 <<'CSHARP'
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR.Client;
var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddSignalR();
var app = builder.Build();
app.MapHub<Hub>("/hub");
await app.StartAsync();
await using var connection = new HubConnectionBuilder().WithUrl(app.Urls.First() + "/hub").Build();
await connection.StartAsync();
int produced = 0;
bool ended = false;
using var stop = new CancellationTokenSource();
int taken = await connection.InvokeAsync<int>("TakeTwo", Items(stop.Token));
int atReturn = produced;
await Task.Delay(1500);
Console.WriteLine($"taken {taken}");
Console.WriteLine($"more {(produced > atReturn + 10 ? "yes" : "no")} ({atReturn}, then {produced})");
Console.WriteLine($"ended {ended}");
stop.Cancel();
await Task.Delay(500);
Console.WriteLine($"ended-by-token {ended}");
await app.StopAsync();

async IAsyncEnumerable<int> Items([EnumeratorCancellation] CancellationToken cancel)
{
    try
    {
        while (true)
        {
            yield return ++produced;
            await Task.Delay(20, cancel);
        }
    }
    finally
    {
        ended = true;
    }
}

class Hub : Microsoft.AspNetCore.SignalR.Hub
{
    public async Task<int> TakeTwo(IAsyncEnumerable<int> items)
    {
        int count = 0;
        await foreach (int item in items)
        {
            if (++count == 2)
                break;
        }

        return count;
    }
}
CSHARP
"$work/out/finding" >"$work/seen"
cat "$work/seen"
same "items that the method took" "$(sed -n 's/^taken //p' "$work/seen")" "2"
same "the client produces more after its result" "$(sed -nE 's/^more (yes|no).*/\1/p' "$work/seen")" "yes"
same "its enumerator has ended" "$(sed -n 's/^ended //p' "$work/seen")" "False"
same "it has ended after the caller's own cancellation" "$(sed -n 's/^ended-by-token //p' "$work/seen")" "True"
