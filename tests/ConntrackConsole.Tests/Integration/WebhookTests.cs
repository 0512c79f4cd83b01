using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Cluster;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ConntrackConsole.Tests.Integration;

/// <summary>Findings are posted to a real receiver that fails, is slow, redirects or is not there.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private const string Secret = "secret-of-the-webhook-test";
    private const string HookPath = "/hook/token-in-the-path";
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(60);

    private readonly RunningClock _clock = new();
    private readonly TaskCompletionSource _stop = new();
    private WebhookReceiver _receiver = null!;
    private ConsoleHost _host = null!;

    public async ValueTask InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _stop.SetResult();
        await _host.DisposeAsync();
        await _receiver.DisposeAsync();
        _clock.Dispose();
    }

    [Fact]
    public async Task ReceiverThatFailsAndIsSlow_GetsEachChangeSigned_AndTheDiagnosisGoesOn()
    {
        // The first answer is 500, the second one comes after the timeout.
        _receiver.Answer = (number, context) =>
        {
            context.Response.StatusCode = number == 1 ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK;
            return number == 2 ? Task.WhenAny(_stop.Task, Task.Delay(20_000, TestContext.Current.CancellationToken)) : Task.CompletedTask;
        };
        await StartAsync();
        ResetClients();
        await Eventually.TrueAsync(() => Monitor.Current.Findings.Count == 1, MaxWait);
        await Eventually.TrueAsync(() => _receiver.Posts.Count == 3, MaxWait);
        Assert.Single(_receiver.Posts.Select(post => Encoding.UTF8.GetString(post.Body)).Distinct());
        Assert.Equal(HookPath, _receiver.Posts.First().Path);
        Assert.Equal("application/json", _receiver.Posts.First().ContentType);
        Assert.All(_receiver.Posts, post => Assert.Equal("sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), post.Body)), post.Signature));

        var message = Parse(_receiver.Posts.Last());
        var alert = Assert.Single(message.GetProperty("alerts").EnumerateArray());
        Assert.Equal(("4", "firing", "firing"), (Text(message, "version"), Text(message, "status"), Text(alert, "status")));
        string[] members = ["version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "alerts"];
        Assert.Equal(members, message.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"], alert.EnumerateObject().Select(member => member.Name));
        var labels = alert.GetProperty("labels");
        Assert.Equal(
            ("ConntrackNoDrain", "M3", "shop", "checkout", "10.1.0.6", "node1"),
            (Text(labels, "alertname"), Text(labels, "mechanism"), Text(labels, "namespace"), Text(labels, "service"), Text(labels, "backend"), Text(labels, "node")));
        var annotations = alert.GetProperty("annotations");
        Assert.Contains("shop/checkout → 10.1.0.6", Text(annotations, "summary"), StringComparison.Ordinal);
        Assert.Contains("1 resets of the backend", Text(annotations, "description"), StringComparison.Ordinal);
        Assert.Contains("preStop", Text(annotations, "remedy"), StringComparison.Ordinal);
        Assert.All(["refutedBy", "harmful"], name => Assert.NotEqual("", Text(annotations, name)));
        Assert.Equal("0001-01-01T00:00:00Z", Text(alert, "endsAt"));
        // Who gets it opens the page of the finding.
        Assert.Matches("/findings/finding-[0-9a-f]{20}$", Text(alert, "generatorURL")!);

        // Its evidence leaves the window.
        _host.Pass(TimeSpan.FromMinutes(16));
        await PassUntilAsync(() => _receiver.Posts.Count == 4);
        var resolved = Parse(_receiver.Posts.Last());
        var ended = Assert.Single(resolved.GetProperty("alerts").EnumerateArray());
        Assert.Equal(("resolved", Text(alert, "fingerprint"), Text(alert, "startsAt")), (Text(resolved, "status"), Text(ended, "fingerprint"), Text(ended, "startsAt")));
        Assert.Equal(labels.ToString(), ended.GetProperty("labels").ToString());
        Assert.True(DateTimeOffset.Parse(Text(ended, "endsAt")!, null) > DateTimeOffset.Parse(Text(ended, "startsAt")!, null));

        Assert.Contains(_host.Log.Lines, line => line.Text.Contains("[webhook.undelivered]", StringComparison.Ordinal));
        Assert.DoesNotContain(_host.Log.Lines, line => line.Text.Contains(Secret, StringComparison.Ordinal) || line.Text.Contains("token-in-the-path", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ReceiverThatIsNotThere_GetsTheFindingAfterARestart_AndOnlyOnce()
    {
        int port = new Uri(_receiver.Url).Port;
        await _receiver.DisposeAsync();
        // On a busy machine an answer takes more than a second, and a finding without an answer is posted again.
        await StartAsync(port, timeoutSeconds: 30);
        ResetClients();
        await Eventually.TrueAsync(() => _host.Log.Lines.Any(line => line.Text.Contains("[webhook.undelivered]", StringComparison.Ordinal)), MaxWait);

        _host = await _host.RestartAsync(async () => _receiver = await WebhookReceiver.StartAsync(port));
        await Eventually.TrueAsync(() => !_receiver.Posts.IsEmpty, MaxWait);
        var alert = Parse(_receiver.Posts.First()).GetProperty("alerts")[0];
        Assert.Equal(("firing", "M3"), (Text(alert, "status"), Text(alert.GetProperty("labels"), "mechanism")));
        Assert.Contains("preStop", Text(alert.GetProperty("annotations"), "remedy"), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(_host.Folder.FullName, "webhook.position")), MaxWait);

        _host = await _host.RestartAsync();
        await Eventually.TrueAsync(() => _host.Get<FindingLog>().IsRestored, MaxWait);
        _host.Pass(TimeSpan.FromMinutes(1));
        await Task.Delay(1_000, TestContext.Current.CancellationToken);
        Assert.Single(_receiver.Posts, post => Text(Parse(post), "status") == "firing");
    }

    [Fact]
    public async Task ReceiverThatRedirects_IsNotFollowed_AndTheNextFindingIsPosted()
    {
        _receiver.Answer = (number, context) =>
        {
            if (number <= 5)
                context.Response.Redirect(_receiver.Url + "/elsewhere", false, true);
            return Task.CompletedTask;
        };
        await StartAsync();
        ResetClients();
        await PassUntilAsync(() => _host.Log.Lines.Any(line => line.Text.Contains("[webhook.rejected]", StringComparison.Ordinal)));
        Assert.Equal(5, _receiver.Posts.Count);
        Assert.All(_receiver.Posts, post => Assert.Equal(HookPath, post.Path));

        _host.Pass(TimeSpan.FromMinutes(16));
        await PassUntilAsync(() => _receiver.Posts.Count == 6);
        Assert.Equal("resolved", Text(Parse(_receiver.Posts.Last()), "status"));
    }

    private FindingMonitor Monitor => _host.Get<FindingMonitor>();

    private async Task StartAsync(int? port = null, int timeoutSeconds = 1) => _host = await ConsoleHost.StartAsync(
        null, _clock, $"Findings:Webhook:Url=http://127.0.0.1:{port ?? new Uri(_receiver.Url).Port}{HookPath}", $"Findings:Webhook:Secret={Secret}", $"Findings:Webhook:Timeout={timeoutSeconds}");

    // Rounds, delays of closing and pauses between attempts.
    private Task PassUntilAsync(Func<bool> condition) => Eventually.TrueAsync(
        () =>
        {
            if (condition())
                return true;
            _host.Pass(TimeSpan.FromSeconds(5));
            return false;
        },
        MaxWait);

    // A pod resets its client when it is to stop.
    private void ResetClients()
    {
        var (a, b) = (Objects.Pod("a", "10.1.0.5"), Objects.Pod("b", "10.1.0.6"));
        _host.SetCluster(new ServiceChange(Objects.Service(), false), new PodChange(a, false), new PodChange(b, false), new SliceChange(Objects.Slice(Objects.Ready(a), Objects.Ready(b)), false));
        long nowMs = _host.NowMs;
        _host.SetCluster(new PodChange(b.Terminating(nowMs) with { DeletionGraceSeconds = 30 }, false));
        var store = _host.Get<TimelineStore>();
        for (ulong second = 0; second < 4; second++)
        {
            var frame = new NodeFrame { Sequence = second + 1, AtMs = nowMs + ((long)second * 1_000), IsKey = second == 0, Counters = new Counters(0, 0, 0, 0, 10, 1000) };
            if (second == 1)
                frame.Resets.Add(new Reset(frame.AtMs - 100, ResetKind.FromBackend, Ip.Parse(Objects.Vip), 80, Ip.Parse("10.1.9.9"), 40_000, Ip.Parse(Objects.Vip), 80, Ip.Parse("10.1.0.6"), 8080, 0, false));
            _clock.Pass(TimeSpan.FromSeconds(1));
            Assert.Null(store.Apply("node1", 1, frame).Rejection);
        }
    }

    private static JsonElement Parse(ReceivedPost post) => JsonDocument.Parse(post.Body).RootElement;

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();
}
