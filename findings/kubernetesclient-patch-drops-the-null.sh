# WHAT: a merge patch of KubernetesClient that removes an annotation with `foo = (string)null` is sent without `foo`: nothing is removed, and no error comes
# GUESS: a null in the patch object is a null in the patch; in a JSON merge patch that is how a field is removed.
# SEEN: KubernetesClient 21.0.8: the body of the request is {"metadata":{"annotations":{"bar":"x"}}} from an anonymous object, and has
#   "foo":null only from a Dictionary or a string. The client leaves out properties that are null, of patches too.
# MATTERS: the API server answers 200 with the object, so the code that "removes" a field looks right and does nothing.
source "$(dirname "$0")/common.sh"
project Microsoft.NET.Sdk.Web KubernetesClient/21.0.8 <<'CSHARP'
using k8s;
using k8s.Models;
var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
var app = builder.Build();
string body = "";
app.MapFallback(async (HttpRequest request) =>
{
    body = await new StreamReader(request.Body).ReadToEndAsync();
    return Results.Text("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}""", "application/json");
});
await app.StartAsync();
using var client = new Kubernetes(new KubernetesClientConfiguration { Host = app.Urls.First() });
async Task<string> Sent(object patch)
{
    await client.CoreV1.PatchNamespacedPodAsync(new V1Patch(patch, V1Patch.PatchType.MergePatch), "p", "default");
    return body;
}
Console.WriteLine(await Sent(new { metadata = new { annotations = new { foo = (string?)null, bar = "x" } } }));
Console.WriteLine(await Sent(new { metadata = new { annotations = new Dictionary<string, string?> { ["foo"] = null, ["bar"] = "x" } } }));
Console.WriteLine(await Sent("""{"metadata":{"annotations":{"foo":null,"bar":"x"}}}"""));
CSHARP
"$work/out/finding" >"$work/sent"
same "from an anonymous object" "$(sed -n 1p "$work/sent")" '{"metadata":{"annotations":{"bar":"x"}}}'
same "from a dictionary" "$(sed -n 2p "$work/sent")" '{"metadata":{"annotations":{"foo":null,"bar":"x"}}}'
same "from a string" "$(sed -n 3p "$work/sent")" '{"metadata":{"annotations":{"foo":null,"bar":"x"}}}'
