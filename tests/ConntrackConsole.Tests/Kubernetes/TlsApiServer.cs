using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Tests.Kubernetes;

/// <summary>An API server without objects that authenticates clients over TLS, with a certificate for localhost from its own CA.</summary>
internal sealed class TlsApiServer : IAsyncDisposable
{
    // One key per name for all tests: generating one takes longer than the rest of a test.
    private static readonly ConcurrentDictionary<string, RSAParameters> Keys = new();

    private readonly WebApplication _server;
    private string _token = "first";
    private string _lastToken = "";
    private int _accepted;
    private int _watches;

    private TlsApiServer()
    {
        using var issued = Issued(Ca, "api", DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(issued.Export(X509ContentType.Pfx), null);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (client, _, _) => client.Issuer == Ca.Subject && client.NotAfter > DateTime.Now;
        })));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    public X509Certificate2 Ca { get; } = Authority("lab-ca");

    public int Port => new Uri(_server.Urls.First()).Port;

    /// <summary>The accepted token, besides the client certificate of "console".</summary>
    public string Token
    {
        get => Volatile.Read(ref _token);
        set => Volatile.Write(ref _token, value);
    }

    /// <summary>The token that was sent last, accepted or not.</summary>
    public string LastToken => Volatile.Read(ref _lastToken);

    public int Accepted => Volatile.Read(ref _accepted);

    public int Watches => Volatile.Read(ref _watches);

    public static async Task<TlsApiServer> StartAsync()
    {
        var server = new TlsApiServer();
        await server._server.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Ca.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string sent = context.Request.Headers.Authorization.ToString();
        Volatile.Write(ref _lastToken, sent.Replace("Bearer ", "", StringComparison.Ordinal));
        // Several, separated by a space: while one replaces another both are valid.
        bool named = context.Connection.ClientCertificate?.Subject == "CN=console" || Token.Split(' ').Any(t => sent == $"Bearer {t}");
        context.Response.StatusCode = named ? StatusCodes.Status200OK : StatusCodes.Status401Unauthorized;
        if (!named)
            return;
        Interlocked.Increment(ref _accepted);
        if (context.Request.Query["watch"] != "true")
        {
            await context.Response.WriteAsync("""{"metadata":{"resourceVersion":"1"},"items":null}""");
            return;
        }

        await context.Response.Body.FlushAsync();
        Interlocked.Increment(ref _watches);
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private static RSAParameters NewKey(string name)
    {
        using var key = RSA.Create(2048);
        return key.ExportParameters(includePrivateParameters: true);
    }

    public static X509Certificate2 Authority(string name)
    {
        using var key = RSA.Create(Keys.GetOrAdd(name, NewKey));
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(2));
    }

    public static X509Certificate2 Issued(X509Certificate2 ca, string name, DateTimeOffset until)
    {
        using var key = RSA.Create(Keys.GetOrAdd(name, NewKey));
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(ca, DateTimeOffset.UtcNow.AddDays(-1), until, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
