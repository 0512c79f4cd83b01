using System.Runtime.CompilerServices;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Informer;
using ConntrackConsole.Tests.Recordings;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using k8s;
using k8s.Authentication;

namespace ConntrackConsole.Tests.Kubernetes.Client;

/// <summary>The environment of a pod applies to the whole process, so no other test runs in parallel.</summary>
[CollectionDefinition(nameof(InClusterEnvironment), DisableParallelization = true)]
public sealed class InClusterEnvironment;

/// <summary>As in a pod: a folder with a token and a CA certificate, and a TLS server that checks the token and is verified by the CA.</summary>
[Collection(nameof(InClusterEnvironment))]
public sealed class ServiceAccountTests : IAsyncLifetime
{
    private static readonly KubernetesOptions Unset = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("serviceaccount").FullName;
    private readonly string _libraryFolder = Folder(null);
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly ClusterState _state;
    private TlsApiServer _server = null!;

    public ServiceAccountTests() => _state = new ClusterState(_clock);

    public async ValueTask InitializeAsync()
    {
        _server = await TlsApiServer.StartAsync();
        Folder(null) = _folder;
        Pod("localhost", $"{_server.Port}");
        // A mounted token may end with a newline.
        File.WriteAllText(Token, "first\n");
        File.WriteAllText(Authority, _server.Ca.ExportCertificatePem());
    }

    public async ValueTask DisposeAsync()
    {
        Folder(null) = _libraryFolder;
        Pod(null, null);
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task TokenAndAuthority_InFolder_AreUsed()
    {
        await using (Start())
            await UntilAsync(() => _state.IsReady);
        Assert.Null(_state.Problem);
        Assert.Equal("first", _server.LastToken);
    }

    [Fact]
    public async Task Authority_NotTheServers_NoRequestIsSent()
    {
        using var other = TlsApiServer.Authority("other-ca");
        File.WriteAllText(Authority, other.ExportCertificatePem());
        await using (Start())
            await UntilAsync(() => _state.Problem?.Contains("certificate is not accepted", StringComparison.Ordinal) == true);
        Assert.Contains("in a pod: ca.crt of its service account", _state.Problem);
        Assert.Equal((0, ""), (_server.Accepted, _server.LastToken));
    }

    [Fact]
    public async Task Authority_SeveralCertificates_AnyIsTrusted()
    {
        using var old = TlsApiServer.Authority("old-ca");
        File.WriteAllText(Authority, old.ExportCertificatePem() + "\n" + _server.Ca.ExportCertificatePem());
        await using (Start())
            await UntilAsync(() => _state.IsReady);
    }

    [Fact]
    public async Task Token_Replaced_NewOneIsSentWithinAMinute()
    {
        var provider = Assert.IsType<TokenFileAuth>(Account.Read().TokenProvider);
        Assert.Equal("first", await SentAsync());
        // As the kubelet does: replace the file.
        File.WriteAllText(Token + ".new", "second");
        File.Move(Token + ".new", Token, overwrite: true);
        Assert.InRange(ReadAgainAt(provider) - DateTime.UtcNow, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
        SetReadAgainAt(provider, DateTime.UtcNow.AddSeconds(-1));
        Assert.Equal("second", await SentAsync());

        async Task<string?> SentAsync() => (await provider.GetAuthenticationHeaderAsync(TestContext.Current.CancellationToken)).Parameter;
    }

    [Fact]
    public async Task Token_Revoked_IsReportedAndTheNextOneIsUsed()
    {
        await using (Start())
        {
            await UntilAsync(() => _state.IsReady);
            _server.Token = "second";
            await UntilAsync(() => _state.Problem?.Contains("does not accept the console's credentials", StringComparison.Ordinal) == true);
            File.WriteAllText(Token, "second");
            await UntilAsync(() => _state.Problem is null && _state.Age < TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public async Task Token_MissingForAMoment_PreviousOneIsUsed()
    {
        await using (Start())
        {
            await UntilAsync(() => _state.IsReady);
            File.Delete(Token);
            int before = _server.Accepted;
            await UntilAsync(() => _server.Accepted > before + 2);
            Assert.Null(_state.Problem);
        }
    }

    [Theory]
    [InlineData("token")]
    [InlineData("ca.crt")]
    public void File_Missing_IsReportedInTheBannerAndThrowsIfAClusterIsRequired(string file)
    {
        string missing = Path.Combine(_folder, file);
        File.Delete(missing);
        var access = ClusterAccess.Find(Unset, Account);
        Assert.False(access.HasCluster);
        var error = Assert.Throws<StartupException>(() => ClusterAccess.Find(new KubernetesOptions { Enabled = true }, Account));
        Assert.Equal(StartupErrorCodes.ServiceAccount, error.Code);
        foreach (string message in (string[])[access.Problem, error.Message])
        {
            Assert.Contains(missing, message);
            Assert.Contains(ConfigurationKeys.Kubeconfig, message);
        }
    }

    [Theory]
    [InlineData("token", " \n", "is empty")]
    [InlineData("ca.crt", "no certificate", "contains no certificate")]
    [InlineData("ca.crt", "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n", "service account cannot be used")]
    public void File_Invalid_ThrowsWithTheFileName(string file, string content, string message)
    {
        File.WriteAllText(Path.Combine(_folder, file), content);
        var failure = Assert.Throws<StartupException>(() => ClusterAccess.Find(Unset, Account));
        Assert.Equal(StartupErrorCodes.ServiceAccount, failure.Code);
        string actual = failure.Message;
        Assert.Contains(message, actual);
        Assert.Contains(_folder, actual);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("10.96.0.1", null)]
    [InlineData("", "443")]
    public void Find_OutsideOfACluster_HasNoCluster(string? host, string? port)
    {
        Pod(host, port);
        Assert.StartsWith("No cluster is configured", ClusterAccess.Find(Unset, Account).Problem);
    }

    [Theory]
    [InlineData("10.96.0.1", "https://10.96.0.1:443")]
    [InlineData("fd00:96::1", "https://[fd00:96::1]:443")]
    public void Address_EitherFamily_IsUsed(string host, string address)
    {
        Pod(host, "443");
        Assert.Equal(new Uri(address), new Uri(Account.Read().Host));
    }

    // The folder that the library reads and the time of its next token read: internals of the library.
    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = "ServiceAccountPath")]
    private static extern ref string Folder(KubernetesClientConfiguration? of);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_TokenExpiresAt")]
    private static extern DateTime ReadAgainAt(TokenFileAuth provider);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_TokenExpiresAt")]
    private static extern void SetReadAgainAt(TokenFileAuth provider, DateTime at);

    private static void Pod(string? host, string? port)
    {
        Environment.SetEnvironmentVariable("KUBERNETES_SERVICE_HOST", host);
        Environment.SetEnvironmentVariable("KUBERNETES_SERVICE_PORT", port);
    }

    private string Token => Path.Combine(_folder, "token");

    private string Authority => Path.Combine(_folder, "ca.crt");

    private ServiceAccount Account => new(_folder);

    private RunningInformer Start() => new(new ClusterInformer(
        ClusterAccess.Find(Unset, Account), _state, _clock, NullLogger<ClusterInformer>.Instance, new WatchOptions { MinBackoff = TimeSpan.FromMilliseconds(50) }));

    private Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string expression = "") => Eventually.TrueAsync(
        () =>
        {
            bool isTrue = condition();
            if (!isTrue)
                _clock.Advance(TimeSpan.FromMilliseconds(200));
            return isTrue;
        }, expression: expression);
}
