using System.Net;
using ConntrackConsole.Kernel.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConntrackConsole.Lab.KubeProxy;

/// <summary>kube-proxy's two ports on the loopback of its node's namespace.</summary>
internal static class ProxyEndpoints
{
    private const int MetricsPort = 10249, HealthPort = 10256;

    public static async Task<WebApplication> StartAsync(NetworkNamespace networkNamespace, ProxyState state)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, MetricsPort);
            options.Listen(IPAddress.Loopback, HealthPort);
        });
        // A socket belongs to the namespace of the thread that created it, whichever thread accepts on it.
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket =
            endpoint => networkNamespace.Run(() => SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint)));
        var application = builder.Build();
        application.Run(context => (context.Connection.LocalPort, context.Request.Path.Value) switch
        {
            (MetricsPort, "/metrics") => TextAsync(context, "text/plain; version=0.0.4; charset=utf-8", state.Metrics()),
            (MetricsPort, "/proxyMode") => TextAsync(context, "text/plain; charset=utf-8", "nftables"),
            (HealthPort, "/healthz" or "/livez") => TextAsync(context, "application/json", state.Health().ToJsonString()),
            _ => NotFound(context),
        });
        await application.StartAsync();
        return application;
    }

    private static Task TextAsync(HttpContext context, string type, string text)
    {
        context.Response.ContentType = type;
        return context.Response.WriteAsync(text);
    }

    private static Task NotFound(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }
}
