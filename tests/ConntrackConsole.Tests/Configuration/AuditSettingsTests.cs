using System.Runtime.Versioning;
using ConntrackConsole.Configuration;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace ConntrackConsole.Tests.Configuration;

[SupportedOSPlatform("linux")]
public sealed class AuditSettingsTests : IDisposable
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-key-");

    private string Data => Path.Combine(_folder.FullName, "data");

    public AuditSettingsTests() => Directory.CreateDirectory(Data);

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public void Read_KeyFile_NewestFirst() => Assert.Equal([Secret, Secret + "old"], Read(("Audit:KeyFile", File($"{Secret}\n\n {Secret}old \n"))).Audit.Keys);

    [Fact]
    public void Read_KeyInTheEnvironment_IsTaken()
    {
        Assert.Equal([Secret], Read(("CONNTRACK_AUDIT_KEY", Secret)).Audit.Keys);
        Assert.Equal([Secret], Read(("Audit:Key", Secret)).Audit.Keys);
        Assert.Empty(Read().Audit.Keys);
    }

    [Fact]
    public void Read_KeyGivenTwice_IsAFault()
    {
        Assert.Contains("more than once", Fault(("Audit:KeyFile", File(Secret)), ("CONNTRACK_AUDIT_KEY", Secret)));
        Assert.Contains("more than once", Fault(("Audit:Key", Secret), ("CONNTRACK_AUDIT_KEY", Secret)));
    }

    [Fact]
    public void Read_ShortKey_IsAFault_ThatDoesNotRepeatIt()
    {
        string fault = Fault(("CONNTRACK_AUDIT_KEY", "short-secret"));
        Assert.Contains("openssl rand -hex 32", fault);
        Assert.DoesNotContain("short-secret", fault);
        Assert.Contains("Audit:KeyFile: a key needs", Fault(("Audit:KeyFile", File("short-secret"))));
        Assert.Contains("has no key in it", Fault(("Audit:KeyFile", File("\n"))));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Read_KeyFileOpenToOthers_IsAFaultWithTheCommand(UnixFileMode mode)
    {
        string file = File(Secret);
        System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | mode);
        Assert.Contains($"chmod 600 {file}", Fault(("Audit:KeyFile", file)));
    }

    [Fact]
    public void Read_KeyFileBesideTheDatabase_IsAFault_ByALinkToo()
    {
        string inside = Path.Combine(Data, "key");
        System.IO.File.WriteAllText(inside, Secret);
        System.IO.File.SetUnixFileMode(inside, UnixFileMode.UserRead);
        Assert.Contains($"mv {inside} ", Fault(("Audit:KeyFile", inside)));
        string link = Path.Combine(_folder.FullName, "link");
        System.IO.File.CreateSymbolicLink(link, inside);
        Assert.Contains("lies in the data directory", Fault(("Audit:KeyFile", link)));
    }

    [Fact]
    public void Read_NoSuchKeyFile_IsAFaultWithTheCommand() =>
        Assert.Contains("umask 077", Fault(("Audit:KeyFile", Path.Combine(_folder.FullName, "none"))));

    [Fact]
    public void Read_ForwardFile_NeedsItsFolder()
    {
        Assert.Contains("/no/such does not exist", Fault(("Audit:ForwardFile", "/no/such/file")));
        Assert.Contains("is a folder", Fault(("Audit:ForwardFile", Data)));
        Assert.Equal(Path.Combine(Data, "rows"), Read(("Audit:ForwardFile", Path.Combine(Data, "rows"))).Audit.ForwardFile);
    }

    [Fact]
    public void Effective_Secrets_AreOnlySet()
    {
        var values = new Dictionary<string, string?>
        {
            ["Collectors:Token"] = Secret + "1", ["Identity:SignInToken"] = Secret + "2", ["CONNTRACK_AUDIT_KEY"] = Secret, ["Storage:RowDays"] = "7",
            ["Actions:Policy:0:Require"] = "approval",
            ["Storage:ConnectionString"] = $"Data Source=/x.db;Password={Secret}",
        };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        var shown = EffectiveConfiguration.Of(configuration, SettingsReader.Read(configuration)).Values;
        Assert.Equal(("(set)", "(set)", "(set)", "7", "(default)"), (
            shown["Collectors:Token"], shown["Identity:SignInToken"], shown["CONNTRACK_AUDIT_KEY"], shown["Storage:RowDays"], shown["Storage:FrameHours"]));
        Assert.Equal("approval", shown["Actions:Policy:0:Require"]);
        Assert.Contains("/x.db", shown["Storage:ConnectionString"]);
        Assert.DoesNotContain(Secret, string.Join('|', shown.Values));
        // Every key but those of lists, which are told by the places that somebody filled.
        Assert.Equal(Setting.All.Count(s => !s.IsList) + 2, shown.Count);
    }

    private string File(string text)
    {
        string file = Path.Combine(_folder.FullName, "key");
        System.IO.File.WriteAllText(file, text);
        System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private string Fault(params (string, string)[] values) => Assert.Throws<StartFault>(() => Read(values)).Message;

    private ConsoleSettings Read(params (string Key, string Value)[] values) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(values.Append(("Storage:DataDirectory", Data)).ToDictionary(v => v.Item1, v => (string?)v.Item2)).Build());
}
