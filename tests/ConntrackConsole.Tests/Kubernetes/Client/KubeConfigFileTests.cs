using System.Security.Cryptography.X509Certificates;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Informer;
using ConntrackConsole.Kubernetes.Parsing;
using ConntrackConsole.Tests.Recordings;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ConntrackConsole.Tests.Kubernetes.Client;

/// <summary>Contexts, exec plugins and client certificates, against a server that checks them over TLS.</summary>
[Trait("Category", "Parser")]
public sealed class KubeConfigFileTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kubeconfig").FullName;
    private TlsApiServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TlsApiServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task ClientCertificate_OverTls_IsAccepted()
    {
        using var client = TlsApiServer.Issued(_server.Ca, "console", DateTimeOffset.UtcNow.AddDays(1));
        var state = new ClusterState(TimeProvider.System);
        await using (Start(Certificate(client), state))
            await Eventually.TrueAsync(() => state.IsReady);
        Assert.Null(state.Problem);
    }

    [Fact]
    public async Task ClientCertificate_Expired_IsReported()
    {
        using var client = TlsApiServer.Issued(_server.Ca, "console", DateTimeOffset.UtcNow.AddHours(-1));
        var state = new ClusterState(TimeProvider.System);
        await using (Start(Certificate(client), state))
            await Eventually.TrueAsync(() => state.Problem?.Contains("The cluster does not respond", StringComparison.Ordinal) == true);
        Assert.False(state.IsReady);
    }

    [Fact]
    public async Task Authority_NotTheServers_CertificateIsRejected()
    {
        using var other = TlsApiServer.Authority("other-ca");
        var state = new ClusterState(TimeProvider.System);
        await using (Start(Config("token: first", other), state))
            await Eventually.TrueAsync(() => state.Problem?.Contains("The API server's certificate is not accepted", StringComparison.Ordinal) == true);
        Assert.Equal(0, _server.Accepted);
    }

    [Fact]
    public async Task ExecPlugin_TokenExpired_RunsAgain()
    {
        string plugin = Plugin($"cat {_folder}/credential");
        await GiveAsync("first");
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow);
        var state = new ClusterState(clock);
        await using (Start(Config($"exec: {{apiVersion: client.authentication.k8s.io/v1, command: \"{plugin}\", interactiveMode: Never}}", _server.Ca), state, clock))
        {
            await Eventually.TrueAsync(() => state.IsReady);
            await GiveAsync("second");
            _server.Token = "second";
            // The heartbeat is rejected; the plugin runs at most every ten seconds.
            await Eventually.TrueAsync(() => Advance(clock) && state.Problem?.Contains("does not accept the console's credentials", StringComparison.Ordinal) == true);
            await Eventually.TrueAsync(() => Advance(clock) && state.Problem is null && state.Age < TimeSpan.FromSeconds(10));
        }
    }

    [Theory]
    [InlineData("exit 3", "returned no credentials")]
    [InlineData("echo no json", "returned no credentials")]
    [InlineData("echo '{}'", "returned no credentials")]
    [InlineData(null, "does not exist")]
    public void ExecPlugin_Fails_ErrorNamesThePlugin(string? script, string expected)
    {
        string plugin = script is null ? Path.Combine(_folder, "not-there") : Plugin(script);
        var error = Assert.Throws<StartupException>(() => Find(Config($"exec: {{apiVersion: client.authentication.k8s.io/v1, command: \"{plugin}\", interactiveMode: Never}}", _server.Ca)));
        Assert.Equal(StartupErrorCodes.KubeconfigPlugin, error.Code);
        Assert.Contains($"the exec plugin '{plugin}'", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Contains(expected, StringComparison.Ordinal), error.Message);
        Assert.DoesNotContain("\n", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Context_Missing_ErrorListsTheExistingOnes()
    {
        var error = Assert.Throws<StartupException>(() => Find(Config("token: x", _server.Ca), "production"));
        Assert.Equal(StartupErrorCodes.KubeconfigContext, error.Code);
        Assert.Contains("no context 'production'", error.Message, StringComparison.Ordinal);
        Assert.Contains("it has lab, other", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Context_Configured_IsUsed()
    {
        var state = new ClusterState(TimeProvider.System);
        // The server rejects the user of 'other' and accepts the user of 'lab'.
        await using (Start(Config("token: first", _server.Ca), state, context: "other"))
            await Eventually.TrueAsync(() => state.Problem?.Contains("credentials", StringComparison.Ordinal) == true);
        await using (Start(Config("token: first", _server.Ca), state, context: "lab"))
            await Eventually.TrueAsync(() => state.IsReady);
    }

    [Theory]
    [InlineData("certificate-authority-data: bm8gY2VydGlmaWNhdGU=", StartupErrorCodes.KubeconfigCertificate)]
    [InlineData("certificate-authority-data: '***'", StartupErrorCodes.KubeconfigInvalid)]
    [InlineData("certificate-authority: /nonexistent/ca.crt", StartupErrorCodes.KubeconfigInvalid)]
    public void Authority_Invalid_IsReported(string ca, string code)
    {
        var error = Assert.Throws<StartupException>(() => Find(Write("token: x", ca)));
        Assert.Equal(code, error.Code);
        Assert.Contains(ConfigurationKeys.Kubeconfig, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client-certificate-data: bm8gY2VydGlmaWNhdGU=, client-key-data: bm8ga2V5")]
    [InlineData("client-certificate-data: '***', client-key-data: '***'")]
    [InlineData("client-certificate: /nonexistent/tls.crt, client-key: /nonexistent/tls.key")]
    public void ClientCertificate_Invalid_IsReported(string user)
    {
        var error = Assert.Throws<StartupException>(() => Find(Config(user, _server.Ca)));
        Assert.Contains("kubectl --kubeconfig", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_NoCluster_SetsTheBannerAndDoesNotThrow()
    {
        var access = ClusterAccess.Find(new KubernetesOptions());
        Assert.False(access.HasCluster);
        var state = new ClusterState(TimeProvider.System);
        using var informer = new ClusterInformer(access, state, TimeProvider.System, NullLogger<ClusterInformer>.Instance);
        await informer.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => state.Problem?.StartsWith("No cluster is configured: addresses have no names", StringComparison.Ordinal) == true);
        Assert.Equal((false, false, TimeSpan.MaxValue), (state.HasCluster, state.IsReady, state.Age));
        Assert.Equal(StartupErrorCodes.ClusterMissing, Assert.Throws<StartupException>(() => ClusterAccess.Find(new KubernetesOptions { Enabled = true })).Code);
    }

    [Fact]
    public async Task Watches_ConnectionFreezes_AreReopenedBeforeTheIdleTimeout()
    {
        int port = _server.Port;
        await using var proxy = new FreezableProxy(port);
        string config = Config("token: first", _server.Ca);
        await File.WriteAllTextAsync(config, (await File.ReadAllTextAsync(config, TestContext.Current.CancellationToken))
            .Replace($":{port}", $":{proxy.Port}", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        var state = new ClusterState(TimeProvider.System);
        await using (Start(config, state))
        {
            await Eventually.TrueAsync(() => state.IsReady && _server.Watches >= WatchedKind.All.Count);
            int before = _server.Watches;
            proxy.Freeze();
            // The freeze is not visible and new connections work: only PING detects it.
            await Eventually.TrueAsync(() => _server.Watches >= before + WatchedKind.All.Count);
        }
    }

    private static bool Advance(Microsoft.Extensions.Time.Testing.FakeTimeProvider clock)
    {
        clock.Advance(TimeSpan.FromMilliseconds(200));
        return true;
    }

    private Task GiveAsync(string token) => File.WriteAllTextAsync(
        Path.Combine(_folder, "credential"),
        $$$"""{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"{{{token}}}"}}""");

    private string Plugin(string script)
    {
        string path = Path.Combine(_folder, "plugin.sh");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private string Certificate(X509Certificate2 client) => Config(
        $"client-certificate-data: {Base64(client.ExportCertificatePem())}, client-key-data: {Base64(client.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem())}", _server.Ca);

    private string Config(string user, X509Certificate2 ca) =>
        Write(user, $"certificate-authority-data: {Base64(ca.ExportCertificatePem())}");

    private string Write(string user, string ca)
    {
        string path = Path.Combine(_folder, "config");
        File.WriteAllText(path, $$$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "https://localhost:{{{_server.Port}}}", {{{ca}}}}}]
            contexts: [{name: lab, context: {cluster: c, user: u}}, {name: other, context: {cluster: c, user: v}}]
            users: [{name: u, user: {{{{user}}}}}, {name: v, user: {token: unknown}}]
            current-context: lab
            """);
        return path;
    }

    private static string Base64(string pem) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(pem));

    private static ClusterAccess Find(string kubeconfig, string? context = null)
    {
        var access = ClusterAccess.Find(new KubernetesOptions { Kubeconfig = kubeconfig, Context = context });
        access.Connect().Dispose();
        return access;
    }

    private static RunningInformer Start(string kubeconfig, ClusterState state, TimeProvider? time = null, string? context = null) => new(new ClusterInformer(
        ClusterAccess.Find(new KubernetesOptions { Kubeconfig = kubeconfig, Context = context }), state, time ?? TimeProvider.System, NullLogger<ClusterInformer>.Instance,
        new WatchOptions { MinBackoff = TimeSpan.FromMilliseconds(50) }));
}
