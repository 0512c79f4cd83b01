using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Uplink;

/// <summary>Address of the console: http(s)://host[:port] or unix:/path of its collector socket.</summary>
internal sealed record ConsoleAddress(Uri Hub, string? SocketPath)
{
    /// <summary>A PEM file: the console's certificate must be issued by one of its certificates, and those of the machine do not count. Null: those of the machine.</summary>
    public string? AuthorityFile { get; init; }

    public static ConsoleAddress Parse(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            string path = text["unix:".Length..];
            if (!Path.IsPathRooted(path))
                throw new FormatException($"'{text}': unix: must be followed by the absolute path of the console's collector socket.");
            return new ConsoleAddress(new Uri("http://localhost" + Wire.HubMethods.Path), path);
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new FormatException($"'{text}' is not an address of a console; use http://host:port, https://host or unix:/path.");
        return new ConsoleAddress(new Uri(uri, Wire.HubMethods.Path), null);
    }

    /// <summary>The handler that connects to the Unix socket, or with an authority of its own; null for the machine's usual one.</summary>
    /// <exception cref="IOException">The file of the authority cannot be used now; it may be being replaced.</exception>
    public SocketsHttpHandler? Handler()
    {
        if (SocketPath is { } socket)
            return ToSocket(socket);
        if (AuthorityFile is not { } file)
            return null;
        try
        {
            // Read for each connection: the file is replaced when the authority is.
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(ReadAuthority(file));
            return new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } };
        }
        catch (UplinkException failure)
        {
            throw new IOException(failure.Reason.ToString(), failure);
        }
    }

    /// <summary>Call at the start, so that a wrong file is reported then.</summary>
    /// <exception cref="UplinkException">The file of the authority cannot be used.</exception>
    public void CheckAuthority()
    {
        if (AuthorityFile is { } file)
            ReadAuthority(file);
    }

    private static X509Certificate2Collection ReadAuthority(string file)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new UplinkException(CommandLineReasons.AuthorityUnusable, $"{file} cannot be used as the console's certificate authority ({failure.Message.TrimEnd('.')}).");
        }

        return certificates.Count > 0
            ? certificates
            : throw new UplinkException(CommandLineReasons.AuthorityUnusable, $"{file} contains no certificate: it must be PEM, as in ca.crt of a TLS Secret.");
    }

    private static SocketsHttpHandler ToSocket(string path) => new()
    {
        ConnectCallback = async (_, stop) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    public override string ToString() => SocketPath is null ? Hub.GetLeftPart(UriPartial.Authority) : "unix:" + SocketPath;
}
