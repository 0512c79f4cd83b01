using ConntrackConsole.Configuration;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace ConntrackConsole.Tests.Configuration;

public class SettingsReaderTests
{
    private static ConsoleSettings Read(params (string Key, string Value)[] values) =>
        SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value)).Build());

    [Fact]
    public void Read_NothingSet_HasDefaults()
    {
        var settings = Read();
        Assert.Equal(Path.GetFullPath("data"), settings.Storage.DataDirectory);
        Assert.Equal($"Data Source={Path.GetFullPath("data/console.db")}", settings.Storage.ConnectionString);
        Assert.Null(settings.Kubernetes.Enabled);
    }

    [Fact]
    public void Read_SeveralFaults_AreAllListedWithTheirKeys()
    {
        var fault = Assert.Throws<StartFault>(() => Read(
            ("Kubernetes:Enabled", "perhaps"), ("Kubernetes:Kubeconfg", "/x"), ("Collectors:Token", "short"), ("Collectors:Socket", "/no/such/folder/s"),
            ("Identity:SignInToken", "has spaces in it, no"), ("Storage:ConnectionString", "Nonsense=1"), ("urls", "ftp://x")));
        foreach (string key in new[] { "Kubernetes:Enabled", "Kubernetes:Kubeconfg", "Collectors:Token", "Collectors:Socket", "Identity:SignInToken", "Storage:ConnectionString", "Urls" })
            Assert.Contains($"\n  - {key}", fault.Message);
    }

    [Fact]
    public void Read_ContextWithoutItsFile_IsAFault()
    {
        Assert.Contains("Kubernetes:Kubeconfig is not set", Assert.Throws<StartFault>(() => Read(("Kubernetes:Context", "lab"))).Message);
        Assert.Equal("lab", Read(("Kubernetes:Context", "lab"), ("Kubernetes:Kubeconfig", "/x")).Kubernetes.Context);
    }

    [Theory]
    [InlineData("Storage:NodeHours", 169, "Storage:NodeTenSecondDays (7 days)")]
    [InlineData("Storage:NodeTenSecondDays", 29, "Storage:NodeMinuteDays (28)")]
    [InlineData("Storage:SecondDays", 29, "Storage:TenSecondDays (28)")]
    [InlineData("Storage:TenSecondDays", 181, "Storage:MinuteDays (180)")]
    public void Read_AFinerLevelKeptForLongerThanTheCoarser_IsAFaultThatNamesBoth(string finer, int number, string coarser)
    {
        string said = Assert.Throws<StartFault>(() => Read((finer, $"{number}"))).Message;
        Assert.Contains($"{finer} ({number})", said);
        Assert.Contains(coarser, said);
        Assert.NotNull(Read((finer, $"{number - 1}")));
    }

    [Fact]
    public void Read_SocketPathLongerThanTheKernelTakes_IsAFault() =>
        Assert.Contains("107 bytes", Assert.Throws<StartFault>(() => Read(("Collectors:Socket", "/tmp/" + new string('s', 103)))).Message);

    [Theory]
    [InlineData("--bogus", "--bogus")]
    [InlineData("bogus", "bogus")]
    [InlineData("--Storage:DataDirectory", "needs a value")]
    public void Parse_WhatNoKeyKnows_IsAFault(string arg, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<StartFault>(() => CommandLine.Parse([arg])).Message);

    [Fact]
    public void Parse_KeyInEitherForm_IsTaken() =>
        Assert.Equal(
            ["/a", "http://127.0.0.1:1"],
            CommandLine.Parse(["--storage:datadirectory=/a", "--Urls", "http://127.0.0.1:1"]).Values.OrderBy(v => v.Key).Select(v => v.Value!));

    [Fact]
    public void HelpText_NamesEveryKey() => Assert.All(Setting.All, s => Assert.Contains($"--{s.Key} ", CommandLine.HelpText()));
}
