using System.Runtime.Versioning;
using ConntrackConsole.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ConntrackConsole.Tests.Configuration;

[SupportedOSPlatform("linux")]
public sealed class AuditOptionsTests : IDisposable
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-key-");

    private string Data => Path.Combine(_folder.FullName, "data");

    public AuditOptionsTests() => Directory.CreateDirectory(Data);

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public void Read_KeyFile_NewestFirst() => Assert.Equal([Secret, Secret + "old"], Keys(("Audit:KeyFile", File($"{Secret}\n\n {Secret}old \n"))));

    [Fact]
    public void Read_KeyInTheEnvironment_IsTaken()
    {
        Assert.Equal([Secret], Keys(("CONNTRACK_AUDIT_KEY", Secret)));
        Assert.Equal([Secret], Keys(("Audit:Key", Secret)));
        Assert.Empty(Keys());
    }

    [Fact]
    public void Read_KeyGivenTwice_IsAnError()
    {
        Assert.Equal([("config.conflict", "Audit:KeyFile")], Errors(("Audit:KeyFile", File(Secret)), ("CONNTRACK_AUDIT_KEY", Secret)));
        Assert.Equal([("config.conflict", "Audit:Key")], Errors(("Audit:Key", Secret), ("CONNTRACK_AUDIT_KEY", Secret)));
    }

    [Fact]
    public void Read_ShortKey_IsAnError_ThatDoesNotRepeatIt()
    {
        var error = Assert.Single(Refused(("CONNTRACK_AUDIT_KEY", "short-secret")));
        Assert.Equal(("config.key_too_short", "CONNTRACK_AUDIT_KEY"), (error.Code, error.Key));
        Assert.Contains("openssl rand -hex 32", error.Message);
        Assert.DoesNotContain("short-secret", error.Message);
        Assert.Equal([("config.key_too_short", "Audit:KeyFile")], Errors(("Audit:KeyFile", File("short-secret"))));
        Assert.Equal([("config.file_empty", "Audit:KeyFile")], Errors(("Audit:KeyFile", File("\n"))));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Read_KeyFileOpenToOthers_IsAnErrorWithTheCommand(UnixFileMode mode)
    {
        string file = File(Secret);
        System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | mode);
        var error = Assert.Single(Refused(("Audit:KeyFile", file)));
        Assert.Equal("config.file_not_private", error.Code);
        Assert.Contains($"chmod 600 {file}", error.Message);
    }

    [Fact]
    public void Read_KeyFileInTheDataDirectory_IsAnError_AlsoThroughALink()
    {
        string inside = Path.Combine(Data, "key");
        System.IO.File.WriteAllText(inside, Secret);
        System.IO.File.SetUnixFileMode(inside, UnixFileMode.UserRead);
        var error = Assert.Single(Refused(("Audit:KeyFile", inside)));
        Assert.Equal("config.file_in_data_directory", error.Code);
        Assert.Contains($"mv {inside} ", error.Message);
        string link = Path.Combine(_folder.FullName, "link");
        System.IO.File.CreateSymbolicLink(link, inside);
        Assert.Equal([("config.file_in_data_directory", "Audit:KeyFile")], Errors(("Audit:KeyFile", link)));
    }

    [Fact]
    public void Read_NoSuchKeyFile_IsAnErrorWithTheCommand() =>
        Assert.Contains("umask 077", Assert.Single(Refused(("Audit:KeyFile", Path.Combine(_folder.FullName, "none"))), error => error.Code == "config.file_missing").Message);

    [Fact]
    public void Read_ForwardFile_NeedsItsFolder()
    {
        Assert.Equal([("config.directory_missing", "Audit:ForwardFile")], Errors(("Audit:ForwardFile", "/no/such/file")));
        Assert.Equal([("config.not_a_file", "Audit:ForwardFile")], Errors(("Audit:ForwardFile", Data)));
        string key = File(Secret);
        Assert.Equal([("config.same_file", "Audit:ForwardFile")], Errors(("Audit:ForwardFile", key), ("Audit:KeyFile", key)));
        Assert.Equal(Path.Combine(Data, "rows"), TestConfiguration.Read<AuditOptions>(("Audit:ForwardFile", Path.Combine(Data, "rows"))).ForwardFile);
    }

    [Fact]
    public void Effective_Secrets_AreOnlySet()
    {
        var configuration = TestConfiguration.Of(
            ("Collectors:Token", Secret + "1"), ("Identity:SignInToken", Secret + "2"), ("CONNTRACK_AUDIT_KEY", Secret), ("Storage:RowDays", "7"),
            ("Actions:Policy:0:Require", "approval"), ("Storage:ConnectionString", $"Data Source=/x.db;Password={Secret}"));
        using var services = configuration.BuildOptions();
        var shown = services.GetRequiredService<EffectiveConfiguration>().Values;
        Assert.Equal(("(set)", "(set)", "(set)", "7", "(default)"), (
            shown["Collectors:Token"], shown["Identity:SignInToken"], shown["CONNTRACK_AUDIT_KEY"], shown["Storage:RowDays"], shown["Storage:FrameHours"]));
        Assert.Equal("approval", shown["Actions:Policy:0:Require"]);
        Assert.Contains("/x.db", shown["Storage:ConnectionString"]);
        Assert.DoesNotContain(Secret, string.Join('|', shown.Values));
        // Every key; for lists only the entries that are set.
        Assert.Equal(OptionKeys.All.Count(option => !option.IsListEntry) + 1, shown.Count);
    }

    private string File(string text)
    {
        string file = Path.Combine(_folder.FullName, "key");
        System.IO.File.WriteAllText(file, text);
        System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private (string Key, string Value)[] WithData((string, string)[] values) => [.. values, ("Storage:DataDirectory", Data)];

    private IReadOnlyList<string> Keys(params (string, string)[] values) => TestConfiguration.Read<AuditOptions>(WithData(values)).ReadKeys(Data);

    private IReadOnlyList<(string Code, string Key)> Errors(params (string, string)[] values) => TestConfiguration.Errors(WithData(values));

    private IReadOnlyList<ConfigurationError> Refused(params (string, string)[] values) => TestConfiguration.Refused(WithData(values)).Errors;
}
