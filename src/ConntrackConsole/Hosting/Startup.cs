using System.Net.Sockets;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Identity;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Hosting;

/// <summary>Preparation before the console listens, the start of listening, and the wait for the end.</summary>
internal static class Startup
{
    /// <summary>Prepares addresses, the data directory, the cluster's credentials and the database, in this order.</summary>
    /// <exception cref="StartupException">One of them cannot be used.</exception>
    public static async Task PrepareAsync(this WebApplication app)
    {
        var services = app.Services;
        // Set here, so that Kestrel does not read them again without the socket.
        foreach (string address in services.GetRequiredService<IOptions<ServerOptions>>().Value.Addresses)
            app.Urls.Add(address);
        if (services.GetRequiredService<IOptions<CollectorsOptions>>().Value.Socket is { } socket)
            app.Urls.Add($"http://unix:{socket}");

        Database.PrepareFolder(services.GetRequiredService<IOptions<StorageOptions>>().Value);
        // Reads the kubeconfig, so that an error in it is reported now and not when the watch starts.
        services.GetRequiredService<ClusterAccess>();
        if (await Database.OpenAsync(services.GetRequiredService<IDbContextFactory<ConsoleDb>>()) is { } damage)
            await ReportDamageAsync(app, damage);
    }

    /// <summary>Listens until the console is asked to stop.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="StartupException">An address cannot be listened on.</exception>
    public static async Task<int> RunUntilStoppedAsync(this WebApplication app)
    {
        await app.StartListeningAsync();
        await app.WaitForShutdownAsync();
        // A failed background service stops the program, which must not look like an orderly shutdown.
        return app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(service => service.ExecuteTask?.IsFaulted == true) ? 1 : 0;
    }

    /// <exception cref="StartupException">An address cannot be listened on.</exception>
    public static async Task StartListeningAsync(this WebApplication app)
    {
        string addresses = string.Join(';', app.Urls);
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            throw e is AddressInUseException || e.InnerException is AddressInUseException
                ? new StartupException(
                    StartupErrorCodes.AddressInUse, $"Another program already listens on {addresses}: stop it, or choose another port with --Urls=http://127.0.0.1:PORT.")
                : new StartupException(
                    StartupErrorCodes.AddressUnavailable,
                    $"The console cannot listen on {addresses}: {(e.InnerException ?? e).Message.TrimEnd('.')}. Choose another address with --Urls=http://127.0.0.1:PORT.");
        }

        // A browser cannot open a wildcard address.
        string? url = app.Urls.FirstOrDefault(address => !address.Contains("://unix:", StringComparison.Ordinal))?
            .Replace("//[::]", "//localhost", StringComparison.Ordinal).Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal);
        var links = app.Services.GetRequiredService<SignInLinks>().All;
        try
        {
            app.Services.GetRequiredService<IssuedLinks>().Publish(new LinkOffer(url, [.. links.Select(link => new LinkPerson(link.Name, link.Role.Name()))]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            app.Logger.LogWarning(e, "conntrack-console sign-in-link cannot issue links: its folder in the data directory cannot be written.");
        }

        foreach (var link in links)
            app.Logger.LogInformation("One-time sign-in link for {Name} ({Role}): {Link}", link.Name, link.Role.Name(), url + link.Path);
    }

    // Reported in the log, on the timeline, and as the first row of the new audit log.
    private static async Task ReportDamageAsync(WebApplication app, string damage)
    {
        app.Logger.LogCritical("{Damage}", damage);
        long nowMs = app.Services.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds();
        app.Services.GetRequiredService<TimelineStore>().Restore([new GapSpan(null, GapKind.FramesDropped, nowMs - TimelineStore.HorizonMs, nowMs, damage)], []);
        await app.Services.GetRequiredService<AuditLog>().AppendAsync(new AuditNote(
            "conntrack-console", null, "storage.damaged", null, null, damage, null, null, "set aside", null, $"storage-{Guid.NewGuid():N}") { Code = StartupErrorCodes.DatabaseDamaged });
    }
}
