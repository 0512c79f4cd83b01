using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Hosting;
using Xunit;

namespace ConntrackConsole.Tests.Configuration;

public sealed class StartupErrorTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cc-start-");

    [Fact]
    public async Task Listen_AddressInUse_HasItsCode()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        Assert.Equal(StartupErrorCodes.AddressInUse, await ListenAsync($"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}"));
    }

    [Fact]
    public async Task Listen_AddressOfNoInterface_HasItsCode() =>
        Assert.Equal(StartupErrorCodes.AddressUnavailable, await ListenAsync("http://192.0.2.1:5080"));

    [Fact]
    public async Task Build_KubeconfigMissing_HasItsCode()
    {
        var failure = await Assert.ThrowsAsync<StartupException>(() => ConsoleApplication.BuildAsync(
            Values("http://127.0.0.1:0", (ConfigurationKeys.Kubeconfig, Path.Combine(_folder.FullName, "no-such-file")))));
        Assert.Equal(StartupErrorCodes.KubeconfigMissing, failure.Code);
        Assert.Empty(failure.Errors);
    }

    public void Dispose() => _folder.Delete(true);

    private async Task<string> ListenAsync(string url)
    {
        await using var app = await ConsoleApplication.BuildAsync(Values(url, (ConfigurationKeys.KubernetesEnabled, "false")));
        return (await Assert.ThrowsAsync<StartupException>(() => app.StartListeningAsync())).Code;
    }

    private Dictionary<string, string?> Values(string url, (string Key, string Value) more) => new()
    {
        [ConfigurationKeys.Urls] = url, [ConfigurationKeys.DataDirectory] = _folder.FullName, [more.Key] = more.Value,
    };
}
