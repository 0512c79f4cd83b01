using Bunit;
using ConntrackConsole.Components.Pages.Configuration;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Report;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace ConntrackConsole.Tests.Components.Pages;

/// <summary>The page of the console's configuration, over real configuration sources.</summary>
public sealed class ConfigurationViewTests : IAsyncDisposable
{
    private const string Token = "sixteen-letters-or-more-of-a-token";

    private readonly ConsolePages _console = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-conf-");
    private readonly string _file;
    private IConfigurationRoot? _configuration;

    public ConfigurationViewTests() => _file = Path.Combine(_folder.FullName, "appsettings.json");

    [Fact]
    public void Page_Keys_HaveValueSourceDefaultAndRange()
    {
        Start("""{"Storage":{"RowDays":"30"}}""", ("Actions:PerUser", "7"));

        var page = Open();

        string rows = Row(page, "Storage:RowDays");
        Assert.Contains("30", rows, StringComparison.Ordinal);
        Assert.Contains(_file, rows, StringComparison.Ordinal);
        Assert.Contains("90", rows, StringComparison.Ordinal);
        Assert.Contains("1 to 3,660", rows, StringComparison.Ordinal);
        Assert.Contains("valid", rows, StringComparison.Ordinal);
        Assert.Equal(KeySource.CommandLine.ToString(), page.Find("[data-key='Actions:PerUser']").GetAttribute("data-source"));
        Assert.Equal(KeySource.Default.ToString(), page.Find("[data-key='Actions:PerNode']").GetAttribute("data-source"));
        Assert.Contains("20", Row(page, "Actions:PerNode"), StringComparison.Ordinal);
        Assert.Contains("all valid", page.Find("h1").TextContent, StringComparison.Ordinal);
        // Every key of the documentation but those of list entries, which exist only where they are set.
        Assert.Equal(OptionKeys.All.Where(option => !option.IsListEntry).Select(option => option.Key).Order(), page.FindAll("[data-testid=setting]").Select(row => row.GetAttribute("data-key")).Order());
    }

    [Fact]
    public void Page_Environment_IsASourceOfItsOwn()
    {
        string name = $"CC_{Guid.NewGuid():N}_";
        Environment.SetEnvironmentVariable(name + "Storage__MemoryMiB", "300");
        try
        {
            Start("{}", builder => builder.AddEnvironmentVariables(name));
            Assert.Contains("environment", Row(Open(), "Storage:MemoryMiB"), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(name + "Storage__MemoryMiB", null);
        }
    }

    [Fact]
    public void Page_Secrets_AreNeverShown()
    {
        Start(
            "{}", ("Collectors:Token", Token), ("Identity:Links:0:Name", "olivia"), ("Identity:Links:0:Role", "operator"), ("Identity:Links:0:Token", Token + "1"),
            ("Findings:Webhook:Url", $"https://alerts.example/{Token}"), ("Findings:Webhook:Secret", Token + "2"), ("Audit:Key", Token + Token),
            ("Storage:ConnectionString", $"Data Source=/tmp/x.db;Password={Token}"));

        var page = Open();

        Assert.DoesNotContain(Token, page.Markup, StringComparison.Ordinal);
        foreach (string key in (string[])["Collectors:Token", "Identity:Links:0:Token", "Findings:Webhook:Secret", "Audit:Key"])
            Assert.Contains("(set)", Row(page, key), StringComparison.Ordinal);
        Assert.Contains("olivia", Row(page, "Identity:Links:0:Name"), StringComparison.Ordinal);
        Assert.Contains("https://alerts.example/…", Row(page, "Findings:Webhook:Url"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_FileEditedSinceTheStart_SaysThatARestartAppliesIt()
    {
        Start("""{"Storage":{"RowDays":"30"}}""");
        var page = Open();
        File.WriteAllText(_file, """{"Storage":{"RowDays":"31"}}""");
        _configuration!.Reload();

        await page.ClickAsync("settings-read");

        page.WaitForAssertion(() => Assert.Contains("restart to apply", Row(page, "Storage:RowDays"), StringComparison.Ordinal));
        // What runs is what it started with.
        Assert.Contains("30", Row(page, "Storage:RowDays"), StringComparison.Ordinal);
        Assert.Contains("1 key has changed since the start", page.Find("h1").TextContent, StringComparison.Ordinal);
        await page.ChooseAsync("settings-show", "changed");
        page.WaitForAssertion(() => Assert.Equal("Storage:RowDays", Assert.Single(page.FindAll("[data-testid=setting]")).GetAttribute("data-key")));
        Assert.Contains("show=changed", _console.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_FileIsNotValidAnyMore_NamesTheErrors()
    {
        Start("{}");
        var page = Open();
        File.WriteAllText(_file, """{"Storage":{"RowDays":"many","Unheard":"1"},"Identity":{"Links":"TOKEN"}}""".Replace("TOKEN", Token, StringComparison.Ordinal));
        _configuration!.Reload();

        await page.ClickAsync("settings-read");

        page.WaitForAssertion(() => Assert.Equal("alarm", page.Find("h1").ClassName));
        Assert.Contains("config.not_a_number", Row(page, "Storage:RowDays"), StringComparison.Ordinal);
        Assert.Contains("Storage:Unheard", string.Concat(page.FindAll("[data-testid=settings-error]").Select(error => error.TextContent)), StringComparison.Ordinal);
        Assert.DoesNotContain(Token, page.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?q=%3Cscript%3Ealert(1)%3C/script%3E&show=everything")]
    [InlineData("?q=" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Url_HostileValues_AreTextOrIgnored(string query)
    {
        Start("{}");
        var page = Open(query);
        Assert.NotEmpty(page.FindAll("[data-testid=settings-none]"));
        Assert.Empty(page.FindAll("script"));
        Assert.Null(SettingsUrl.Parse("http://localhost/settings" + query).Show);
    }

    [Theory]
    [InlineData("rowdays", "Storage:RowDays")]
    [InlineData("nothing can be changed", "Actions:ReadOnly")]
    public void Page_Text_FindsKeyAndMeaning(string text, string key)
    {
        Start("{}");
        Assert.Equal(key, Assert.Single(Open("?q=" + Uri.EscapeDataString(text)).FindAll("[data-testid=setting]")).GetAttribute("data-key"));
    }

    public async ValueTask DisposeAsync()
    {
        await _console.DisposeAsync();
        _folder.Delete(true);
    }

    private static string Row(IRenderedComponent<IComponent> page, string key) => page.Find($"[data-key='{key}']").TextContent;

    private void Start(string file, params (string Key, string Value)[] values) =>
        Start(file, builder => builder.AddInMemoryCollection(values.ToDictionary(value => value.Key, value => (string?)value.Value)));

    private void Start(string file, Action<IConfigurationBuilder> add)
    {
        File.WriteAllText(_file, file);
        var builder = new ConfigurationBuilder().AddJsonFile(_file, optional: false, reloadOnChange: false);
        add(builder);
        _configuration = builder.Build();
        _console.Configuration = new ConfigurationReporter(_configuration, EffectiveConfiguration.Of(_configuration, OptionsBinder.Bind<StorageOptions>(_configuration)));
    }

    private IRenderedComponent<IComponent> Open(string query = "")
    {
        _console.Get<NavigationManager>().NavigateTo("/settings" + query);
        return _console.Context.Render<ConfigurationPage>();
    }
}
