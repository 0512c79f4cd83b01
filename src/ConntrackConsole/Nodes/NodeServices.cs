namespace ConntrackConsole.Nodes;

/// <summary>Registers the syncs of the nodes.</summary>
internal static class NodeServices
{
    public static IServiceCollection AddNodes(this IServiceCollection services)
    {
        services.AddSingleton<SyncLog>();
        return services.AddHostedService<SyncArchive>();
    }
}
