# WHAT: with EnableRequestDelegateGenerator, an endpoint's [AsParameters] type loses the parameters that it inherits, without a warning
# GUESS: generated and reflected endpoints bind alike, or the generator warns (RDG…) and leaves the endpoint to reflection, as it does elsewhere.
# SEEN: ASP.NET Core 10.0 (SDK 10.0.401): by reflection `limit` of the base class is bound; generated code binds only properties that the type itself
#   declares, for classes as for records. The build has no warning, the request is answered with 200 and the default, and
#   Microsoft.AspNetCore.OpenApi 10.0.15 no longer lists the parameter.
# MATTERS: a list whose paging parameters stand in a common base class silently ignores `limit` and `continue`: a client that pages reads the
#   first page for ever.
source "$(dirname "$0")/common.sh"
program() {
  project Microsoft.NET.Sdk.Web Microsoft.AspNetCore.OpenApi/10.0.15 <<'CSHARP'
#nullable enable
using System.Text.Json.Nodes;
var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddOpenApi();
var app = builder.Build();
app.MapOpenApi();
app.MapGet("/items", ([AsParameters] Filter filter) => $"limit={filter.Limit ?? "none"} name={filter.Name ?? "none"}");
await app.StartAsync();
using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
Console.WriteLine($"answer {await client.GetStringAsync("/items?limit=2&name=web")}");
var document = JsonNode.Parse(await client.GetStringAsync("/openapi/v1.json"))!;
Console.WriteLine($"document {string.Join(' ', document["paths"]!["/items"]!["get"]!["parameters"]!.AsArray().Select(p => (string)p!["name"]!).Order())}");
await app.StopAsync();

class Page { public string? Limit { get; init; } }
class Filter : Page { public string? Name { get; init; } }
CSHARP
}
seen() { sed -n "s/^$1 //p" "$work/seen"; }
program
"$work/out/finding" >"$work/seen"
same "by reflection" "$(seen answer)" "limit=2 name=web"
same "… in the document" "$(seen document)" "Limit Name"
# A warning would end the build.
export EnableRequestDelegateGenerator=true TreatWarningsAsErrors=true
rm -rf "$work/project" "$work/out"
program
"$work/out/finding" >"$work/seen"
same "generated" "$(seen answer)" "limit=none name=web"
same "… in the document" "$(seen document)" "Name"
