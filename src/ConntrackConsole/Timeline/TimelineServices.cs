using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Timeline.Query;
using ConntrackConsole.Timeline.Rollup;
using ConntrackConsole.Timeline.Storage;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Timeline;

/// <summary>The live timeline, the stored history, and what moves data between them.</summary>
internal static class TimelineServices
{
    public static IServiceCollection AddTimeline(this IServiceCollection services)
    {
        services.AddSingleton(provider => new TimelineStore(
            provider.GetRequiredService<ClusterState>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<IOptions<StorageOptions>>().Value.MemoryMiB * 1024L * 1024,
            syncs: provider.GetRequiredService<SyncLog>()));
        services.AddSingleton(_ => new AnswerTurns(Environment.ProcessorCount));
        services.AddSingleton<TimelineQueryService>();
        services.AddSingleton<RuleSyncReader>();
        services.AddSingleton(provider => Frames(provider.GetRequiredService<IOptions<StorageOptions>>().Value));
        services.AddSingleton<FrameArchive>();
        services.AddSingleton<TimelineReplay>();
        services.AddSingleton(provider => History(provider.GetRequiredService<IOptions<StorageOptions>>().Value));
        services.AddSingleton<BlockArchive>();
        services.AddSingleton<RollupQueue>();
        services.AddSingleton<NodeRollup>();
        services.AddSingleton<ServiceRollup>();
        services.AddSingleton<Retention>();
        services.AddSingleton<FactsArchive>();
        services.AddSingleton<StoredBlockReader>();
        services.AddSingleton<StoredFacts>();
        services.AddSingleton<RollupWorker>();

        services.AddHealthChecks().AddCheck<HistoryHealth>(HistoryHealth.Name);

        // In this order: all of it is loaded before new data is aggregated.
        services.AddHostedService<TimelineLoader>();
        services.AddHostedService(provider => provider.GetRequiredService<FactsArchive>());
        return services.AddHostedService(provider => provider.GetRequiredService<RollupWorker>());
    }

    private static FrameRetention Frames(StorageOptions storage) => new(TimeSpan.FromHours(storage.FrameHours), storage.FrameMiB * 1024L * 1024);

    private static HistoryRetention History(StorageOptions storage) => new(
        new(TimeSpan.FromHours(storage.NodeHours), TimeSpan.FromDays(storage.NodeTenSecondDays), TimeSpan.FromDays(storage.NodeMinuteDays)),
        new(TimeSpan.FromDays(storage.SecondDays), TimeSpan.FromDays(storage.TenSecondDays), TimeSpan.FromDays(storage.MinuteDays)),
        TimeSpan.FromDays(storage.RowDays), storage.MaxMiB * 1024L * 1024);
}
