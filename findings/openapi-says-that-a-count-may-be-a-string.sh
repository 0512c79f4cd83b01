# WHAT: Microsoft.AspNetCore.OpenApi describes an `int` of a response as ["integer", "string"] with a pattern, although the server always writes a number
# GUESS: {"type": "integer", "format": "int32"}.
# SEEN: Microsoft.AspNetCore.OpenApi 10.0.15 (OpenAPI 3.1.1): because the web defaults of System.Text.Json may *read* numbers from strings,
#   every integer and double is also a string, in responses and query parameters too; a path parameter with `:int` is not. With
#   NumberHandling = Strict it is "integer".
# MATTERS: client generators make unions or plain strings of every count, and a contract test of the document accepts "5" in place of 5.
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk.Web Microsoft.AspNetCore.OpenApi/10.0.15 <<'CSHARP'
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
foreach (bool strict in (bool[])[false, true])
{
    var builder = WebApplication.CreateBuilder();
    builder.Logging.ClearProviders();
    builder.WebHost.UseUrls("http://127.0.0.1:0");
    builder.Services.AddOpenApi();
    if (strict)
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
    var app = builder.Build();
    app.MapOpenApi();
    app.MapGet("/counts", (int limit) => TypedResults.Ok(new Counts(5, 0.5)));
    await app.StartAsync();
    using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    var document = JsonNode.Parse(await client.GetStringAsync("/openapi/v1.json"))!;
    string Type(JsonNode schema) => schema["type"]!.ToJsonString();
    var counts = document["components"]!["schemas"]!["Counts"]!["properties"]!;
    Console.WriteLine($"{(strict ? "strict" : "usual")} response {Type(counts["entries"]!)} {Type(counts["share"]!)}");
    Console.WriteLine($"{(strict ? "strict" : "usual")} query {Type(document["paths"]!["/counts"]!["get"]!["parameters"]![0]!["schema"]!)}");
    Console.WriteLine($"{(strict ? "strict" : "usual")} body {await client.GetStringAsync("/counts?limit=1")}");
    await app.StopAsync();
}

record Counts(int Entries, double Share);
CSHARP
"$work/out/finding" >"$work/seen"
seen() { sed -n "s/^$1 //p" "$work/seen"; }
same "response schema" "$(seen 'usual response')" '["integer","string"] ["number","string"]'
same "query parameter" "$(seen 'usual query')" '["integer","string"]'
same "what the server writes" "$(seen 'usual body')" '{"entries":5,"share":0.5}'
same "response schema with strict numbers" "$(seen 'strict response')" '"integer" "number"'
