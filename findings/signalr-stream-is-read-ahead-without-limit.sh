# WHAT: a SignalR client that reads one item of a server's stream and then pauses still receives the whole stream into its memory: the server is never slowed down
# GUESS: back-pressure as in gRPC or TCP: the server's enumerator waits after some buffered items.
# SEEN: ASP.NET Core 10, SignalR client 10.0.15: of 1,000 blocks of 64 KiB the server has yielded all within seconds while the client
#   has read one; the client's heap has grown by the whole stream (base64 in JSON comes on top while parsing).
# MATTERS: a page or tool that processes slowly grows without bound; a bound must be made by the protocol (asking for the next
#   portion), not by reading slowly. In the other direction there is a bound (StreamBufferCapacity).
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk.Web Microsoft.AspNetCore.SignalR.Client/10.0.15 <<'CSHARP'
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
long before = GC.GetTotalMemory(forceFullCollection: true);
var items = await connection.StreamAsChannelAsync<byte[]>("Blocks");
await items.ReadAsync();
for (int i = 0; i < 100 && Hub.Yielded < Hub.All; i++)
    await Task.Delay(200);
await Task.Delay(500);
long held = (GC.GetTotalMemory(forceFullCollection: true) - before) / (1024 * 1024);
Console.WriteLine($"yielded {Hub.Yielded} of {Hub.All}");
Console.WriteLine($"held {(held > 50 ? "the whole stream" : "a part")} ({held} MiB of {Hub.All / 16})");
GC.KeepAlive(items);
await app.StopAsync();

class Hub : Microsoft.AspNetCore.SignalR.Hub
{
    public const int All = 1000;
    public static int Yielded;

    public async IAsyncEnumerable<byte[]> Blocks()
    {
        for (Yielded = 0; Yielded < All;)
        {
            Yielded++;
            yield return new byte[64 * 1024];
        }

        await Task.CompletedTask;
    }
}
CSHARP
"$work/out/finding" >"$work/seen"
cat "$work/seen"
same "blocks that the server has yielded while the client read one" "$(sed -n 's/^yielded //p' "$work/seen")" "1000 of 1000"
same "what the client holds" "$(sed -nE 's/^held (.*) \(.*/\1/p' "$work/seen")" "the whole stream"
