using System.Globalization;
using System.Runtime.InteropServices;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Incidents.Files;
using ConntrackConsole.Incidents.Opened;

namespace ConntrackConsole.Hosting;

/// <summary>
/// A console over an incident file: the same pages over a temporary database, on this machine only. It reads neither a cluster nor any
/// configuration, and leaves nothing when it ends.
/// </summary>
internal static class IncidentConsole
{
    /// <summary>The user of the sign-in link: a viewer, so that nothing can be changed even where a button were left.</summary>
    public const string UserName = "incident file";

    /// <summary>Shows the file until the console is asked to stop, and returns its exit code.</summary>
    /// <param name="name">The name of the file.</param>
    /// <param name="incident">Its content.</param>
    /// <param name="port">Where to listen; 0 takes a free port.</param>
    /// <exception cref="StartupException">The console cannot start.</exception>
    /// <exception cref="IncidentFileException">The file has facts that cannot be stored.</exception>
    public static async Task<int> RunAsync(string name, IncidentWindow incident, int port)
    {
        using var end = new CancellationTokenSource();
        // A signal while the file is being read must not leave the folder; the host reacts to signals once it listens.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        var folder = Directory.CreateTempSubdirectory("conntrack-incident-");
        try
        {
            await using var app = await BuildAsync(name, incident, folder, port, null, end.Token);
            await using var stop = end.Token.Register(app.Lifetime.StopApplication);
            return await app.RunUntilStoppedAsync();
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            end.Cancel();
        }
    }

    /// <summary>Builds and fills the application without listening.</summary>
    /// <param name="folder">The folder of its database.</param>
    /// <param name="adapt">Adapts the builder; tests set where the log goes.</param>
    internal static async Task<WebApplication> BuildAsync(string name, IncidentWindow incident, DirectoryInfo folder, int port, Action<WebApplicationBuilder>? adapt, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(incident);
        ArgumentNullException.ThrowIfNull(folder);
        var values = Values(folder, port);
        var opened = OpenedIncident.Of(name, incident);
        var app = await ConsoleApplication.BuildAsync(
            values,
            builder =>
            {
                // Neither the environment nor appsettings.json: they configure the console of a cluster, such as its database.
                builder.Configuration.Sources.Clear();
                builder.Configuration.AddInMemoryCollection(values);
                builder.Services.AddSingleton<TimeProvider>(new MomentClock(incident.ToMs));
                adapt?.Invoke(builder);
            },
            services => services.ShowIncident(opened, new IncidentReplay(incident)));
        try
        {
            await Task.Run(() => IncidentDatabase.FillAsync(app.Services, incident, ct), ct);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static Dictionary<string, string?> Values(DirectoryInfo folder, int port) => new()
    {
        [ConfigurationKeys.Urls] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
        [ConfigurationKeys.DataDirectory] = folder.FullName,
        [ConfigurationKeys.KubernetesEnabled] = "false",
        ["Actions:ReadOnly"] = "true",
        [$"{ConfigurationKeys.Links}:0:Name"] = UserName,
        [$"{ConfigurationKeys.Links}:0:Role"] = "viewer",
        // As in appsettings.json, but what concerns a cluster.
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection"] = "Error",
        ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Database.Command"] = "Critical",
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "Critical",
    };
}
