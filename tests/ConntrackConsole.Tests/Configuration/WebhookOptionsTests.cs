using ConntrackConsole.Configuration;
using Xunit;
using static ConntrackConsole.Tests.Configuration.TestConfiguration;

namespace ConntrackConsole.Tests.Configuration;

public class WebhookOptionsTests
{
    private const string Key = "Findings:Webhook:Url";

    [Theory]
    [InlineData("https://alerts.example/hook")]
    [InlineData("http://127.0.0.1:9093/hook")]
    [InlineData("http://[::1]:9093/hook")]
    [InlineData("http://localhost/hook")]
    public void Url_WithTlsOrOnThisMachine_IsAccepted(string url) => Assert.Equal((url, 10), Read<WebhookOptions>((Key, url)) is var read ? (read.Url, read.Timeout) : default);

    [Theory]
    [InlineData("http://alerts.example/hook-token")]
    [InlineData("http://127.0.0.1.example/hook-token")]
    [InlineData("https://user:hook-token@alerts.example/")]
    [InlineData("ftp://localhost/hook-token")]
    [InlineData("hook-token")]
    public void Url_Otherwise_IsRejectedAndNotRepeated(string url)
    {
        var refused = Refused((Key, url));
        Assert.Equal([("config.invalid_url", Key)], refused.Errors.Select(error => (error.Code, error.Key)));
        Assert.DoesNotContain("hook-token", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Secret_TooShortOrWithoutUrl_AndMisspeltKeys_AreRejected()
    {
        Assert.Equal([("config.invalid_token", "Findings:Webhook:Secret")], Errors((Key, "https://alerts.example/"), ("Findings:Webhook:Secret", "short")));
        Assert.Equal([("config.dependency_missing", "Findings:Webhook:Secret")], Errors(("Findings:Webhook:Secret", "long-enough-for-a-secret")));
        Assert.Equal([("config.out_of_range", "Findings:Webhook:Timeout")], Errors(("Findings:Webhook:Timeout", "0")));
        Assert.Equal([("config.unknown_key", "Findings:Webook:Url")], Errors(("Findings:Webook:Url", "https://alerts.example/")));
    }

    [Fact]
    public void EffectiveConfiguration_HasNeitherSecretNorPath()
    {
        var shown = EffectiveConfiguration.Of(Of((Key, "https://alerts.example/hook-token?key=1"), ("Findings:Webhook:Secret", "long-enough-for-a-secret")), Read<StorageOptions>()).Values;
        Assert.Equal(("https://alerts.example/…", "(set)"), (shown[Key], shown["Findings:Webhook:Secret"]));
    }
}
