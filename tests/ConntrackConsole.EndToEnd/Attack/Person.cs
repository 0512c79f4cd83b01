using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Response of the console to a user.</summary>
/// <param name="Detail">The detail; the whole text if it is not problem details.</param>
internal sealed record Answer(string Who, int Status, string Detail, JsonElement Body)
{
    /// <summary>The reason code of problem details, or null.</summary>
    public string? Code => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("code", out var code) ? code.GetString() : null;

    public string Id => Body.GetProperty("id").GetString()!;

    public string Digest => Body.GetProperty("digest").GetString()!;

    public string State => Body.GetProperty("state").GetString()!;

    /// <summary>Asserts that the preparation of an attack succeeded.</summary>
    public Answer Ok(string? state = null)
    {
        Assert.True(Status is 200 or 201 && (state is null || State == state), $"{Status} {Detail}{Body}");
        return this;
    }
}

/// <summary>A browser, signed in as a user or not at all.</summary>
internal sealed class Person : IDisposable
{
    private readonly Func<string> _url;
    private readonly HttpClientHandler _handler = new() { AllowAutoRedirect = false };
    private readonly HttpClient _client;

    /// <param name="url">The console's address, which a restart changes.</param>
    public Person(string name, Func<string> url)
    {
        (Name, _url) = (name, url);
        _client = new HttpClient(_handler) { Timeout = TimeSpan.FromSeconds(100) };
    }

    public string Name { get; }

    /// <summary>Name and value, as sent.</summary>
    public string Cookie => _handler.CookieContainer.GetCookieHeader(new Uri(_url()));

    public async Task SignInAsync(string token)
    {
        using var answer = await _client.GetAsync(new Uri($"{_url()}/signin?token={token}"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    public Task<Answer> PostAsync(string path, string json, string type = "application/json", params (string Name, string Value)[] headers) =>
        PostAsync(path, Encoding.UTF8.GetBytes(json), type, headers);

    public async Task<Answer> PostAsync(string path, byte[] body, string? type, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _url() + path) { Content = new ByteArrayContent(body) };
        if (type is not null)
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        bool isJson = answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        using var document = JsonDocument.Parse(isJson ? text : "{}");
        string detail = document.RootElement.TryGetProperty("detail", out var member) ? member.GetString()! : isJson ? "" : text;
        return new Answer(Name, (int)answer.StatusCode, detail, document.RootElement.Clone());
    }

    public Task<Answer> RequestAsync(string json) => PostAsync("/api/v1/actions", json);

    public Task<Answer> DecideAsync(string id, string step, object body) => PostAsync($"/api/v1/actions/{id}/{step}", JsonSerializer.Serialize(body));

    public Task<Answer> ConfirmAsync(Answer shown, string? typed = null, string? reason = "an attack") =>
        DecideAsync(shown.Id, "confirm", new { digest = shown.Digest, typed, reason });

    public Task<Answer> ApproveAsync(Answer shown) => DecideAsync(shown.Id, "approve", new { digest = shown.Digest });

    public void Dispose()
    {
        _client.Dispose();
        _handler.Dispose();
    }
}
