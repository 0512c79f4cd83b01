using ConntrackConsole.Actions;
using ConntrackConsole.Api;
using ConntrackConsole.Audit;
using ConntrackConsole.Checks;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components;
using ConntrackConsole.Configuration;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Findings.Webhook;
using ConntrackConsole.Identity.Providers;
using ConntrackConsole.Incidents;
using ConntrackConsole.Ingest;
using ConntrackConsole.Inventory;
using ConntrackConsole.Kubernetes.Access;
using ConntrackConsole.Kubernetes.Informer;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Nodes;
using ConntrackConsole.Ownership;
using ConntrackConsole.Rollouts;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline;

namespace ConntrackConsole.Hosting;

/// <summary>The composition root: lists the components of the console. Tests build the same application.</summary>
internal static class ConsoleApplication
{
    /// <summary>Runs the console until it is asked to stop, and returns its exit code.</summary>
    /// <param name="values">Configuration from the command line.</param>
    /// <exception cref="StartupException">The console cannot start.</exception>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, string?> values)
    {
        await using var app = await BuildAsync(values);
        return await app.RunUntilStoppedAsync();
    }

    /// <summary>Builds and prepares the application without listening.</summary>
    /// <param name="replace">Replaces what the components have registered.</param>
    /// <exception cref="StartupException">The configuration, the cluster's credentials or the database cannot be used.</exception>
    public static async Task<WebApplication> BuildAsync(IReadOnlyDictionary<string, string?> values, Action<WebApplicationBuilder>? adapt = null, Action<IServiceCollection>? replace = null)
    {
        var builder = ConsoleBuilder.Create(values);
        adapt?.Invoke(builder);
        // Validate before the host exists: building it creates the server, which already reads options.
        builder.Configuration.BuildOptions().Dispose();
        builder.Services
            .AddConsoleOptions()
            .AddStorage()
            .AddIdentity()
            // Started in this order, stopped in the reverse one: the audit log before all that acts, stored history before frames and changes, owners before what refers to them.
            .AddAudit()
            .AddLifecycleAudit()
            .AddOwnership()
            .AddLifecycle()
            .AddClusterState()
            .AddNodes()
            .AddTimeline()
            .AddIngest()
            .AddKubernetesAccess()
            .AddClusterInformer()
            .AddChecks()
            .AddFindings()
            .AddStoredFindings()
            .AddInventory()
            .AddIncidents()
            .AddFindingWebhook()
            .AddRollouts()
            .AddActions()
            .AddApi()
            .AddConsolePages()
            .AddUpkeep();
        replace?.Invoke(builder.Services);
        var app = builder.Build();
        await app.PrepareAsync();
        app.MapConsole();
        return app;
    }
}
