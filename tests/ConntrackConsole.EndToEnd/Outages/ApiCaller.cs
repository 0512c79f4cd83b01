using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>A user who is signed in to a console process and calls its API.</summary>
internal sealed class ApiCaller : IDisposable
{
    private readonly HttpClient _client;

    private ApiCaller(Uri console) => _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = console };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<ApiCaller> SignInAsync(Uri console, string token)
    {
        var caller = new ApiCaller(console);
        // The unix socket, which signals that the console has started, is open shortly before the port: until then this throws.
        await Eventually.TrueAsync(async () =>
        {
            using var answer = await caller._client.GetAsync($"/signin?token={token}", Ct);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
            return true;
        });
        return caller;
    }

    public async Task<ApiAnswer> GetAsync(string path)
    {
        using var answer = await _client.GetAsync(path, Ct);
        return await ReadAsync(answer);
    }

    public async Task<ApiAnswer> PostAsync(string path, object body)
    {
        using var answer = await _client.PostAsJsonAsync(path, body, Ct);
        return await ReadAsync(answer);
    }

    public void Dispose() => _client.Dispose();

    private static async Task<ApiAnswer> ReadAsync(HttpResponseMessage answer)
    {
        string text = await answer.Content.ReadAsStringAsync(Ct);
        return new ApiAnswer(answer.StatusCode, text.StartsWith('{') ? JsonElement.Parse(text) : default, text);
    }
}

/// <summary>The console's response.</summary>
/// <param name="Body">Undefined if it is not an object.</param>
internal sealed record ApiAnswer(HttpStatusCode Status, JsonElement Body, string Text);
