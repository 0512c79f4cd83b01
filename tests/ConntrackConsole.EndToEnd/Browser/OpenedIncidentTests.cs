using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Api.Timeline;
using ConntrackConsole.Components.Layout;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Tests.Architecture;
using ConntrackConsole.Timeline.Model;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace ConntrackConsole.EndToEnd.Browser;

/// <summary>Windows that consoles of the lab wrote, opened by the real program without them: the same timeline and the same findings, and nothing that can be changed or is left.</summary>
public sealed partial class OpenedIncidentTests(Chromium chromium) : IDisposable
{
    private const int Columns = 12;
    private const int Terminate = 15;

    private static readonly string Recorded = Path.Combine(RepositoryFiles.Root, "tests", "accuracy", "incidents");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-opened-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("blackhole")]
    [InlineData("mix-exit-blackhole")]
    public async Task OpenedFile_HasTheFindingsAndTheTimelineOfItsOrigin_AndEndsWithoutLeavingAnything(string name)
    {
        string file = Path.Combine(Recorded, name + ".incident"), temporary = _folder.CreateSubdirectory("tmp").FullName;
        // What the console answered that wrote the file.
        var verdicts = JsonNode.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(file, ".json"), Ct))!["verdicts"]!.AsArray().Select(verdict => ((string)verdict!).Split(": ")[0]).Order(StringComparer.Ordinal).ToList();
        var incident = IncidentCodec.Read(await File.ReadAllBytesAsync(file, Ct));
        var origin = new IncidentReplay(incident);
        string window = $"from={ApiTime.Text(incident.FromMs)}&to={ApiTime.Text(incident.ToMs)}";

        using var program = Start(temporary, "incident", "open", file);
        using var person = await SignedInAsync(program);
        var findings = await ReadAsync(person, $"/api/v1/findings?{window}");
        Assert.Equal(verdicts, [.. findings["findings"]!.AsArray().Select(finding => $"{finding!["code"]} {finding["namespace"]}/{finding["service"]} {finding["backend"]}").Order(StringComparer.Ordinal)]);
        Assert.Equal([.. origin.Findings(Ct).Findings.Select(finding => finding.Id).Order(StringComparer.Ordinal)], Ids(findings));
        // Without a window: its own.
        Assert.Equal(Ids(findings), Ids(await ReadAsync(person, "/api/v1/findings")));

        var written = new ArrayBufferWriter<byte>();
        TimelineJson.Write(origin.Timeline(Ct).Query(new TimelineQuery(incident.FromMs, incident.ToMs, Columns)), written);
        var (drawn, expected) = (await ReadAsync(person, $"/api/v1/timeline?{window}&columns={Columns}&backends=all"), JsonNode.Parse(written.WrittenSpan)!);
        foreach (string part in (string[])["columns", "stepMs", "sum", "services", "resets", "terminations", "rollouts", "restarts", "gaps", "settings"])
            Assert.Equal((part, expected[part]!.ToJsonString()), (part, drawn[part]!.ToJsonString()));
        Assert.Contains("\"checkout\"", drawn["services"]!.ToJsonString(), StringComparison.Ordinal);

        using var change = await person.PostAsync("/api/v1/incidents", new StringContent("{}", System.Text.Encoding.UTF8, "application/json"), Ct);
        Assert.Equal((HttpStatusCode.Conflict, "incident.file_opened"), (change.StatusCode, (string?)JsonNode.Parse(await change.Content.ReadAsStringAsync(Ct))!["code"]));
        Assert.NotEmpty(Directory.GetDirectories(temporary));
        await EndAsync(program);
        Assert.Equal(0, program.ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
    }

    [Theory]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1400, ColorScheme.Light)]
    public async Task Pages_ShowTheFileAndItsWindow_AndWhyNothingCanBeChanged(int width, ColorScheme scheme)
    {
        string temporary = _folder.CreateSubdirectory("tmp").FullName;
        using var program = Start(temporary, "incident", "open", Path.Combine(Recorded, "blackhole.incident"));
        await using var tab = await chromium.OpenAsync(await LinkAsync(program), width);
        var (page, errors) = (tab.Page, new List<string>());
        page.PageError += (_, error) => errors.Add(error);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
        await Assertions.Expect(page.GetByTestId("incident-file-banner")).ToContainTextAsync("Incident file blackhole.incident, of ");
        await Assertions.Expect(page.GetByTestId("incident-file-banner")).ToContainTextAsync("nothing here is live.");
        await Assertions.Expect(page.GetByTestId("finding").First).ToContainTextAsync("M4");
        await Assertions.Expect(page.GetByTestId("live-toggle")).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByTestId("data-health-banner")).ToHaveCountAsync(0);
        await CheckAsync(page);

        foreach (var entry in NavPage.All)
        {
            await page.GotoAsync(new Uri(new Uri(page.Url), entry.Path).ToString());
            await Assertions.Expect(page.GetByTestId("incident-file-banner")).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator("h1").First).ToBeVisibleAsync();
        }

        await page.GotoAsync(new Uri(new Uri(page.Url), "/incidents").ToString());
        await Assertions.Expect(page.GetByTestId("incidents-open")).ToBeDisabledAsync();
        await Assertions.Expect(page.Locator(".incident-buttons")).ToContainTextAsync("This console shows an incident file");
        await page.GotoAsync(new Uri(new Uri(page.Url), "/actions").ToString());
        await Assertions.Expect(page.GetByTestId("change-setting")).ToBeDisabledAsync();
        Assert.Empty(errors);
        await EndAsync(program);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
    }

    [Theory]
    [InlineData("cut", "incident.truncated")]
    [InlineData("changed", "incident.damaged")]
    [InlineData("newer", "incident.newer_version")]
    [InlineData("large", "incident.too_large")]
    [InlineData("none", "incident.unavailable")]
    public async Task FileThatCannotBeRead_IsRefusedInOneSentence(string what, string code)
    {
        string file = Path.Combine(_folder.FullName, "bad.incident"), temporary = _folder.CreateSubdirectory("tmp").FullName;
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(Recorded, "blackhole.incident"), Ct);
        if (what == "changed")
            bytes[^1] ^= 1;
        if (what == "newer")
            bytes[6]++;
        if (what != "none")
            await File.WriteAllBytesAsync(file, what == "cut" ? bytes[..^1] : bytes, Ct);
        if (what == "large")
        {
            await using var large = new FileStream(file, FileMode.Open);
            large.SetLength((64L << 20) + 1);
        }

        using var program = Start(temporary, "incident", "open", file);
        string error = await program.StandardError.ReadToEndAsync(Ct);
        await program.WaitForExitAsync(Ct);
        Assert.Equal(2, program.ExitCode);
        Assert.Matches($@"\Aconntrack-console: [^\n]+ \[{Regex.Escape(code)}\]\n\z", error);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
    }

    private static List<string> Ids(JsonNode answer) => [.. answer["findings"]!.AsArray().Select(finding => (string)finding!["id"]!).Order(StringComparer.Ordinal)];

    private static async Task<JsonNode> ReadAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, Ct);
        string text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static Process Start(string temporary, params string[] arguments) => Process.Start(Programs.ShortLived(new ProcessStartInfo(Programs.Console, arguments)
    {
        RedirectStandardOutput = true, RedirectStandardError = true,
        // The configuration of another console is not used.
        Environment = { ["TMPDIR"] = temporary, ["ASPNETCORE_URLS"] = "http://127.0.0.1:1", ["Storage__ConnectionString"] = "Data Source=/nowhere/console.db", ["Identity__Links__0__Role"] = "admin" },
    }))!;

    private static async Task<string> LinkAsync(Process program)
    {
        program.ErrorDataReceived += (_, _) => { };
        program.BeginErrorReadLine();
        while (await program.StandardOutput.ReadLineAsync(Ct) is { } line)
        {
            if (SignInLink().Match(line) is { Success: true } link)
            {
                // A pipe that is not read would block the program.
                _ = program.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return link.Value;
            }
        }

        throw new InvalidOperationException("The program ended without a link.");
    }

    private static async Task<HttpClient> SignedInAsync(Process program)
    {
        var link = new Uri(await LinkAsync(program));
        var client = new HttpClient { BaseAddress = new Uri(link.GetLeftPart(UriPartial.Authority)) };
        using var answer = await client.GetAsync(link, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return client;
    }

    private static async Task EndAsync(Process program)
    {
        using (var kill = Process.Start("kill", [$"-{Terminate}", $"{program.Id}"]))
            await kill.WaitForExitAsync(Ct);
        await program.WaitForExitAsync(Ct);
    }

    private static async Task CheckAsync(IPage page)
    {
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        Assert.Empty((await page.RunAxe()).Violations);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/signin\?token=\S+")]
    private static partial Regex SignInLink();
}
