using System.Net;
using System.Text.Json;

namespace ConntrackConsole.Accuracy;

/// <summary>The console of the lab: GET /api/v1/findings as the lab's operator.</summary>
internal sealed class ConsoleSource : IFindingSource
{
    private const string Path = "/api/v1/findings?limit=500";

    private readonly HttpClient _client;

    private ConsoleSource(HttpClient client) => _client = client;

    /// <exception cref="InvalidOperationException">The console has no findings.</exception>
    public static async Task<ConsoleSource> SignInAsync(LabProcess lab, CancellationToken stop)
    {
        var url = new Uri((string)lab.Ready["url"]!);
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(url.GetLeftPart(UriPartial.Authority)) };
        using var signedIn = await client.GetAsync(url, stop);
        var source = new ConsoleSource(client);
        using var answer = await client.GetAsync(new Uri(Path, UriKind.Relative), stop);
        if (answer.StatusCode == HttpStatusCode.OK)
            return source;
        source.Dispose();
        throw new InvalidOperationException($"The console answered {(int)answer.StatusCode} on {Path}; use --explain to ask the collectors instead.");
    }

    public bool AnswersLive => true;

    public void Begin()
    {
    }

    public async Task<FindingsSnapshot> ReadAsync(CancellationToken stop)
    {
        using var answer = await _client.GetAsync(new Uri(Path, UriKind.Relative), stop);
        answer.EnsureSuccessStatusCode();
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(stop));
        return FindingsReader.Read(document.RootElement);
    }

    /// <exception cref="HttpRequestException">The console does not answer with it.</exception>
    public async Task<byte[]> GetBytesAsync(string path, CancellationToken stop)
    {
        using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative), stop);
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException($"The console answered {(int)answer.StatusCode} on {path}: {await answer.Content.ReadAsStringAsync(stop)}");
        return await answer.Content.ReadAsByteArrayAsync(stop);
    }

    public Task<FindingsSnapshot> EndAsync(CancellationToken stop) => ReadAsync(stop);

    public bool IsRight(NamedFinding finding, string code, string mechanism) => finding.Code == code;

    public void Dispose() => _client.Dispose();
}
