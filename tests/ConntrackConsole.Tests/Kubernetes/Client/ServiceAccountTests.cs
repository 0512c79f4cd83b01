using System.Runtime.CompilerServices;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Informer;
using ConntrackConsole.Tests.Recordings;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using k8s;
using k8s.Authentication;

namespace ConntrackConsole.Tests.Kubernetes.Client;

/// <summary>The environment of a pod belongs to the whole process: no other test runs meanwhile.</summary>
[CollectionDefinition(nameof(InClusterEnvironment), DisableParallelization = true)]
public sealed class InClusterEnvironment;

/// <summary>As in a pod: a folder with a token and an authority, and a server over TLS that checks the one and is checked by the other.</summary>
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
        // As it is mounted: with a newline now and then.
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
    public async Task TokenAndAuthority_OfTheFolder_AreUsed()
    {
        await using (Start())
            await UntilAsync(() => _state.IsReady);
        Assert.Null(_state.Problem);
        Assert.Equal("first", _server.LastToken);
    }

    [Fact]
    public async Task Authority_IsNotTheServers_NothingIsSaidToIt()
    {
        using var other = TlsApiServer.Authority("other-ca");
        File.WriteAllText(Authority, other.ExportCertificatePem());
        await using (Start())
            await UntilAsync(() => _state.Problem?.Contains("certificate is not accepted", StringComparison.Ordinal) == true);
        Assert.Contains("in a pod: ca.crt of its service account", _state.Problem);
        Assert.Equal((0, ""), (_server.Accepted, _server.LastToken));
    }

    [Fact]
    public async Task Authority_OfSeveral_AnyOfThemIsTrusted()
    {
        using var old = TlsApiServer.Authority("old-ca");
        File.WriteAllText(Authority, old.ExportCertificatePem() + "\n" + _server.Ca.ExportCertificatePem());
        await using (Start())
            await UntilAsync(() => _state.IsReady);
    }

    [Fact]
    public async Task Token_IsReplacedInTime_TheNewOneIsSentAfterAMinute()
    {
        var provider = Assert.IsType<TokenFileAuth>(Account.Read().TokenProvider);
        Assert.Equal("first", await SentAsync());
        // As the kubelet does: another file in its place.
        File.WriteAllText(Token + ".new", "second");
        File.Move(Token + ".new", Token, overwrite: true);
        Assert.InRange(ReadAgainAt(provider) - DateTime.UtcNow, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
        SetReadAgainAt(provider, DateTime.UtcNow.AddSeconds(-1));
        Assert.Equal("second", await SentAsync());

        async Task<string?> SentAsync() => (await provider.GetAuthenticationHeaderAsync(TestContext.Current.CancellationToken)).Parameter;
    }

    [Fact]
    public async Task Token_WasRevoked_IsTold_AndTheNextOneIsTaken()
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
    public async Task Token_IsGoneForAMoment_TheOneBeforeServes()
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
    public void File_NotThere_IsABannerThatSaysWhatToDo_AndAFaultWhereAClusterIsDemanded(string file)
    {
        string missing = Path.Combine(_folder, file);
        File.Delete(missing);
        var access = ClusterAccess.Find(Unset, Account);
        Assert.False(access.HasCluster);
        string said = Assert.Throws<StartupException>(() => ClusterAccess.Find(new KubernetesOptions { Enabled = true }, Account)).Message;
        foreach (string sentence in (string[])[access.Problem, said])
        {
            Assert.Contains($"The pod has no {missing}", sentence);
            Assert.Contains("automountServiceAccountToken", sentence);
            Assert.Contains(ConfigurationKeys.Kubeconfig, sentence);
        }
    }

    [Theory]
    [InlineData("token", " \n", "is empty")]
    [InlineData("ca.crt", "no certificate", "holds no certificate")]
    [InlineData("ca.crt", "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n", "service account cannot be used")]
    public void File_Broken_IsAFaultThatSaysWhich(string file, string content, string sentence)
    {
        File.WriteAllText(Path.Combine(_folder, file), content);
        var failure = Assert.Throws<StartupException>(() => ClusterAccess.Find(Unset, Account));
        Assert.Equal(StartupErrorCodes.ServiceAccount, failure.Code);
        string said = failure.Message;
        Assert.Contains(sentence, said);
        Assert.Contains(_folder, said);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("10.96.0.1", null)]
    [InlineData("", "443")]
    public void OutsideOfACluster_IsNoCluster(string? host, string? port)
    {
        Pod(host, port);
        Assert.StartsWith("No cluster is configured", ClusterAccess.Find(Unset, Account).Problem);
    }

    [Theory]
    [InlineData("10.96.0.1", "https://10.96.0.1:443")]
    [InlineData("fd00:96::1", "https://[fd00:96::1]:443")]
    public void Address_OfEitherFamily(string host, string address)
    {
        Pod(host, "443");
        Assert.Equal(new Uri(address), new Uri(Account.Read().Host));
    }

    // Where the library looks, and when it reads the token again: both are its own, for its own tests.
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
        ClusterAccess.Find(Unset, Account), _state, _clock, NullLogger<ClusterInformer>.Instance, new WatchOptions { FirstWait = TimeSpan.FromMilliseconds(50) }));

    private Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string expression = "") => Eventually.TrueAsync(
        () =>
        {
            bool isTrue = condition();
            if (!isTrue)
                _clock.Advance(TimeSpan.FromMilliseconds(200));
            return isTrue;
        }, expression: expression);
}
