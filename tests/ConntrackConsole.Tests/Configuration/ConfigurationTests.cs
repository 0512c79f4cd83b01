using ConntrackConsole.Cli;
using ConntrackConsole.Configuration;
using ConntrackConsole.Hosting;
using Xunit;
using static ConntrackConsole.Tests.Configuration.TestConfiguration;

namespace ConntrackConsole.Tests.Configuration;

public class ConfigurationTests
{
    [Fact]
    public void Read_NothingSet_HasDefaults()
    {
        var storage = Read<StorageOptions>();
        Assert.Equal(Path.GetFullPath("data"), storage.DataDirectory);
        Assert.Equal($"Data Source={Path.GetFullPath("data/console.db")}", storage.ConnectionString);
        Assert.Equal((2, 48, 20_480), (storage.FrameHours, storage.NodeHours, storage.MaxMiB));
        Assert.Null(Read<KubernetesOptions>().Enabled);
        Assert.Equal(["http://127.0.0.1:5080"], Read<ServerOptions>().Addresses);
    }

    [Fact]
    public void Read_BlankAndSpacedValues_AreUnsetAndTrimmed()
    {
        Assert.Equal(2, Read<StorageOptions>(("Storage:FrameHours", "  ")).FrameHours);
        Assert.Equal(25, Read<StorageOptions>(("storage:framehours", " 25 ")).FrameHours);
        Assert.Null(Read<CollectorsOptions>(("Collectors:Token", "")).Token);
        Assert.Null(Read<KubernetesOptions>(("Kubernetes", "")).Enabled);
    }

    [Fact]
    public void Read_SeveralErrors_AreAllListedWithTheirKeys() =>
        AssertErrors(
        [
            ("config.invalid_url", "Urls"),
            ("config.not_a_number", "Storage:FrameHours"),
            ("config.out_of_range", "Storage:FrameMiB"),
            ("config.out_of_range", "Storage:MemoryMiB"),
            ("config.invalid_connection_string", "Storage:ConnectionString"),
            ("config.unknown_key", "Kubernetes:Kubeconfg"),
            ("config.not_a_boolean", "Kubernetes:Enabled"),
            ("config.invalid_token", "Collectors:Token"),
            ("config.directory_missing", "Collectors:Socket"),
            ("config.invalid_token", "Identity:SignInToken"),
        ],
            ("Kubernetes:Enabled", "perhaps"), ("Kubernetes:Kubeconfg", "/x"), ("Collectors:Token", "short"), ("Collectors:Socket", "/no/such/folder/s"),
            ("Identity:SignInToken", "has spaces in it, no"), ("Storage:ConnectionString", "Nonsense=1"), ("urls", "ftp://x"),
            ("Storage:FrameHours", "abc"), ("Storage:FrameMiB", "15"), ("Storage:MemoryMiB", "15"));

    /// <summary>The server, the cookie and the database read options while the console is built: none of them may fail first.</summary>
    [Fact]
    public async Task Build_ErrorsInEverySection_AreAllListed()
    {
        var values = new Dictionary<string, string?>
        {
            ["Urls"] = "ftp://x", ["Storage:FrameHours"] = "abc", ["Kubernetes:Enabled"] = "perhaps", ["Collectors:Token"] = "short",
            ["Actions:PerUser"] = "0", ["Identity:SignInToken"] = "short", ["Audit:Key"] = "short",
        };
        var refused = await Assert.ThrowsAsync<StartupException>(() => ConsoleApplication.BuildAsync(values));
        Assert.Equal(values.Keys.Order(), refused.Errors.Select(error => error.Key).Order());
    }

    /// <summary>The exact text that the user sees.</summary>
    [Fact]
    public void Read_SeveralErrors_AreOneMessageWithALineForEach() =>
        Assert.Equal(
            """
            The configuration is not valid:
              - Storage:FrameHours is 'abc': set it to a whole number from 2 to 8784, or omit it. [config.not_a_number]
              - Unknown configuration key 'Kubernetes:Kubeconfg'; known keys are Kubernetes:Enabled, Kubernetes:Kubeconfig, Kubernetes:Context. [config.unknown_key]
            """, Refused(("Kubernetes:Kubeconfg", "/x"), ("Storage:FrameHours", "abc")).Message);

    [Theory]
    [InlineData("1", "config.out_of_range")]
    [InlineData("8785", "config.out_of_range")]
    [InlineData("-1", "config.out_of_range")]
    [InlineData("99999999999", "config.out_of_range")]
    [InlineData("0x10", "config.not_a_number")]
    [InlineData("1.5", "config.not_a_number")]
    [InlineData("1,000", "config.not_a_number")]
    public void Read_NumberThatDoesNotFit_IsAnError(string text, string code) => Assert.Equal([(code, "Storage:FrameHours")], Errors(("Storage:FrameHours", text)));

    [Fact]
    public void Read_ContextWithoutItsFile_IsAnError()
    {
        Assert.Equal([("config.dependency_missing", "Kubernetes:Context")], Errors(("Kubernetes:Context", "lab")));
        Assert.Equal("lab", Read<KubernetesOptions>(("Kubernetes:Context", "lab"), ("Kubernetes:Kubeconfig", "/x")).Context);
    }

    [Theory]
    [InlineData("Storage:NodeHours", 169, "Storage:NodeTenSecondDays (7 days)")]
    [InlineData("Storage:NodeTenSecondDays", 29, "Storage:NodeMinuteDays (28)")]
    [InlineData("Storage:SecondDays", 29, "Storage:TenSecondDays (28)")]
    [InlineData("Storage:TenSecondDays", 181, "Storage:MinuteDays (180)")]
    public void Read_AFinerLevelKeptLongerThanTheCoarser_IsAnErrorThatNamesBoth(string finer, int number, string coarser)
    {
        var error = Assert.Single(Refused((finer, $"{number}")).Errors);
        Assert.Equal(("config.retention_order", finer), (error.Code, error.Key));
        Assert.Contains($"{finer} ({number})", error.Message);
        Assert.Contains(coarser, error.Message);
        Assert.NotNull(Read<StorageOptions>((finer, $"{number - 1}")));
    }

    [Fact]
    public void Read_SocketPathTooLong_IsAnError()
    {
        Assert.Equal([("config.path_too_long", "Collectors:Socket")], Errors(("Collectors:Socket", "/tmp/" + new string('s', 103))));
        Assert.Equal("/tmp/" + new string('s', 102), Read<CollectorsOptions>(("Collectors:Socket", "/tmp/" + new string('s', 102))).Socket);
    }

    [Theory]
    [InlineData("Collectors:Audience=a", "config.dependency_missing Collectors:Audience")]
    [InlineData("Collectors:ServiceAccount=cc/collector", "config.dependency_missing Collectors:ServiceAccount")]
    [InlineData("Collectors:Audience=a Collectors:ServiceAccount=collector", "config.invalid_name Collectors:ServiceAccount")]
    [InlineData("Collectors:Audience=a Collectors:ServiceAccount=Cc/collector", "config.invalid_name Collectors:ServiceAccount")]
    [InlineData("Collectors:Audience=ä Collectors:ServiceAccount=cc/collector", "config.invalid_name Collectors:Audience")]
    [InlineData("Collectors:Audience=https://console.example Collectors:ServiceAccount=cc/collector", "")]
    [InlineData("PublicUrl=conntrack.example", "config.invalid_url PublicUrl")]
    [InlineData("PublicUrl=https://conntrack.example/console", "config.invalid_url PublicUrl")]
    [InlineData("PublicUrl=https://conntrack.example", "")]
    [InlineData("TrustedProxies=10.0.0.0/8;proxy", "config.unknown_value TrustedProxies")]
    [InlineData("TrustedProxies=0.0.0.0/0", "config.unknown_value TrustedProxies")]
    [InlineData("TrustedProxies=10.0.0.0/8;192.0.2.7;fd00::/8", "")]
    [InlineData("Identity:OpenIdConnect:Authority=https://id.example", "config.dependency_missing Identity:OpenIdConnect:Authority, config.dependency_missing Identity:Roles")]
    [InlineData("Identity:OpenIdConnect:ClientId=c", "config.dependency_missing Identity:OpenIdConnect:ClientId")]
    [InlineData("Identity:OpenIdConnect:Authority=http://id.example Identity:OpenIdConnect:ClientId=c Identity:ClusterRoles=true", "config.invalid_url Identity:OpenIdConnect:Authority")]
    [InlineData("Identity:OpenIdConnect:Authority=http://127.0.0.1:1 Identity:OpenIdConnect:ClientId=c Identity:ClusterRoles=true", "")]
    [InlineData("Identity:OpenIdConnect:Authority=https://id.example Identity:OpenIdConnect:ClientId=c Identity:Roles:0:Group=oncall Identity:Roles:0:Role=operator", "")]
    [InlineData("Identity:Kubernetes:SignIn=true", "config.dependency_missing Identity:Roles")]
    [InlineData("Identity:Kubernetes:Audience=a", "config.dependency_missing Identity:Roles")]
    [InlineData("Identity:Kubernetes:SignIn=true Identity:ClusterRoles=true Identity:SignInToken=token-of-the-default-link", "config.conflict Identity:SignInToken")]
    [InlineData("Identity:Roles:0:Group=oncall", "config.missing Identity:Roles:0:Role")]
    [InlineData("Identity:Roles:0:Role=admin", "config.missing Identity:Roles:0")]
    [InlineData("Identity:Roles:0:Role=admin Identity:Roles:0:Group=a Identity:Roles:0:User=b", "config.missing Identity:Roles:0")]
    [InlineData("Identity:Roles:0:Role=root Identity:Roles:0:Group=a", "config.unknown_value Identity:Roles:0:Role")]
    [InlineData("Identity:OpenIdConnect:SessionMinutes=4", "config.out_of_range Identity:OpenIdConnect:SessionMinutes")]
    public void Read_Access_NamesWhatIsWrong(string settings, string errors)
    {
        var values = settings.Split(' ').Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1])).ToArray();
        if (errors.Length == 0)
            TestConfiguration.Of(values).BuildOptions().Dispose();
        else
            Assert.Equal(errors, string.Join(", ", Errors(values).Select(error => $"{error.Code} {error.Key}")));
    }

    [Fact]
    public void Error_AnyOf_HasACodeFromTheList()
    {
        var codes = typeof(ConfigurationErrorCodes).GetFields().Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.All(codes, code => Assert.Matches("^config\\.[a-z_]+$", code));
    }

    [Fact]
    public void Keys_AreThoseOfTheReadme() =>
        Assert.Equal(
            "Urls PublicUrl TrustedProxies Storage:DataDirectory Storage:ConnectionString Storage:FrameHours Storage:FrameMiB Storage:MemoryMiB Storage:NodeHours Storage:NodeTenSecondDays Storage:NodeMinuteDays "
            + "Storage:SecondDays Storage:TenSecondDays Storage:MinuteDays Storage:RowDays Storage:MaxMiB Kubernetes:Enabled Kubernetes:Kubeconfig Kubernetes:Context "
            + "Collectors:Token Collectors:Audience Collectors:ServiceAccount Collectors:Socket Actions:ReadOnly Actions:PerUser Actions:PerNode Actions:PerCluster Actions:CanarySeconds Actions:Policy:0:Require "
            + "Actions:Policy:0:Action Actions:Policy:0:Preset Actions:Policy:0:Namespace Actions:Policy:0:MoreThan Identity:SignInToken Identity:Links:0:Name "
            + "Identity:Links:0:Role Identity:Links:0:Token Identity:OpenIdConnect:Authority Identity:OpenIdConnect:DisplayName Identity:OpenIdConnect:ClientId "
            + "Identity:OpenIdConnect:ClientSecret Identity:OpenIdConnect:Scopes Identity:OpenIdConnect:NameClaim Identity:OpenIdConnect:GroupsClaim Identity:OpenIdConnect:SessionMinutes "
            + "Identity:Kubernetes:SignIn Identity:Kubernetes:Audience Identity:Roles:0:User Identity:Roles:0:Group Identity:Roles:0:Role Identity:ClusterRoles Audit:KeyFile Audit:Key CONNTRACK_AUDIT_KEY Audit:ForwardFile Findings:Webhook:Url Findings:Webhook:Secret Findings:Webhook:Timeout Rollouts:SettleSeconds",
            string.Join(' ', OptionKeys.All.Select(option => option.Key)));

    [Fact]
    public void Keys_EverySecret_IsMarked() =>
        Assert.Equal(
            ["Collectors:Token", "Identity:SignInToken", "Identity:Links:0:Token", "Identity:OpenIdConnect:ClientSecret", "Audit:Key", "CONNTRACK_AUDIT_KEY", "Findings:Webhook:Secret"],
            OptionKeys.All.Where(option => option.IsSecret).Select(option => option.Key));

    [Theory]
    [InlineData("'--bogus'", "--bogus")]
    [InlineData("'bogus'", "bogus")]
    [InlineData("'--Storage:DataDirectory'", "--Storage:DataDirectory")]
    [InlineData("'--Identity:Links:x:Name=olivia'", "--Identity:Links:x:Name=olivia")]
    public async Task Parse_UnknownKey_IsAnError(string named, params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(2, await ConsoleCommands.RunAsync(arguments, output, error));
        Assert.Equal("", output.ToString());
        Assert.Contains(named, error.ToString());
        Assert.Contains("conntrack-console --help", error.ToString());
    }

    [Fact]
    public void Parse_KeyInEitherForm_IsTaken()
    {
        var values = Parsed("--storage:datadirectory=/a:b=c", "--Urls", "http://127.0.0.1:1", "--Storage__RowDays=7", "--Kubernetes:Kubeconfig=", "--Collectors:Token=--x", "--Actions:PerUser=1", "--actions:peruser=2");
        Assert.Equal(
            [("Urls", "http://127.0.0.1:1"), ("Storage:DataDirectory", "/a:b=c"), ("Storage:RowDays", "7"), ("Kubernetes:Kubeconfig", ""), ("Collectors:Token", "--x"), ("Actions:PerUser", "2")],
            values.Select(v => (v.Key, v.Value!.Trim())));
    }

    [Fact]
    public void Parse_KeyOfALink_IsTakenAtEveryPlace()
    {
        var values = Parsed("--Identity:Links:12:Name=olivia", "--identity:links:12:role", "viewer");
        Assert.Equal(("olivia", "viewer"), (values["Identity:Links:12:Name"], values["Identity:Links:12:Role"]));
    }

    [Fact]
    public async Task HelpText_NamesEveryKey()
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(0, await ConsoleCommands.RunAsync(["--help"], output, error));
        Assert.All(OptionKeys.All, option => Assert.Contains($"--{option.Key}", output.ToString()));
        Assert.All(OptionKeys.All, option => Assert.Contains(option.Description, output.ToString()));
        Assert.Equal("", error.ToString());
    }

    [Fact]
    public async Task Version_IsThatOfTheProgram()
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(0, await ConsoleCommands.RunAsync(["--version"], output, error));
        Assert.Matches(@"^conntrack-console \d+\.\d+\.\d+\s*$", output.ToString());
    }

    private static IReadOnlyDictionary<string, string?> Parsed(params string[] arguments)
    {
        var keys = KeyOptions.For(arguments);
        var root = new System.CommandLine.RootCommand();
        foreach (var option in keys.All)
            root.Add(option);
        var parsed = root.Parse(KeyOptions.Normalize(arguments));
        Assert.Empty(parsed.Errors);
        return keys.Values(parsed);
    }
}
