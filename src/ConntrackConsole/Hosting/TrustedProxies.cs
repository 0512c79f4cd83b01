using ConntrackConsole.Configuration;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Hosting;

/// <summary>The address and the scheme that a browser used, as a proxy reports them: only what the listed proxies say counts.</summary>
internal static class TrustedProxies
{
    public static void UseTrustedProxies(this WebApplication app)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        // The platform trusts loopback by itself, where any user of the machine may be.
        options.KnownIPNetworks.Clear();
        options.KnownProxies.Clear();
        foreach (var network in app.Services.GetRequiredService<IOptions<ServerOptions>>().Value.ProxyNetworks.OfType<System.Net.IPNetwork>())
            options.KnownIPNetworks.Add(network);
        // Without one, the middleware would take the header from everyone.
        if (options.KnownIPNetworks.Count > 0)
            app.UseForwardedHeaders(options);
    }
}
