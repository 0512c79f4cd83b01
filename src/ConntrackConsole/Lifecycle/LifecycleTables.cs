using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Lifecycle;

/// <summary>Tables of terminations and rollouts.</summary>
internal static class LifecycleTables
{
    extension(ConsoleDb db)
    {
        public DbSet<TerminationRow> Terminations => db.Set<TerminationRow>();

        public DbSet<RolloutRow> Rollouts => db.Set<RolloutRow>();

        public DbSet<PodRestartRow> PodRestarts => db.Set<PodRestartRow>();
    }
}

internal sealed class TerminationRow
{
    public required string Uid { get; set; }
    public required string Namespace { get; set; }
    public required string Pod { get; set; }
    public required string PodIp { get; set; }
    public required string Node { get; set; }
    public string? ServiceNamespace { get; set; }
    public string? ServiceName { get; set; }
    public long DeletionRequestedMs { get; set; }
    public long? EndpointTerminatingMs { get; set; }
    public long? EndpointRemovedMs { get; set; }
    public long? ContainerFinishedMs { get; set; }
    public int? ExitCode { get; set; }
    public long? DeletedMs { get; set; }
    public byte Cause { get; set; }
    public string? Evidence { get; set; }
    public string? RolloutId { get; set; }
    public string? WorkloadKind { get; set; }
    public string? WorkloadName { get; set; }
    public string? WorkloadUid { get; set; }
    public int? GraceSeconds { get; set; }
    public long? EndpointNotReadyMs { get; set; }
    public long? SigtermSentMs { get; set; }
    public bool HasPreStop { get; set; }
    public string? PreStopFailure { get; set; }
    public int? ExitSignal { get; set; }
    public string? ExitReason { get; set; }
    public long? IpReusedMs { get; set; }
    public string? IpReusedBy { get; set; }
    public long? UnwatchedFromMs { get; set; }
    public long? UnwatchedToMs { get; set; }
}

internal sealed class RolloutRow
{
    /// <summary>The workload's uid, a slash, the revision.</summary>
    public required string Id { get; set; }
    public byte Kind { get; set; }
    public required string WorkloadUid { get; set; }
    public required string Namespace { get; set; }
    public required string Name { get; set; }
    public required string Revision { get; set; }
    public string? FromRevision { get; set; }
    public long StartedMs { get; set; }
    public long? SurgedMs { get; set; }
    public long? FinishedMs { get; set; }
    public long? RolledBackMs { get; set; }
    public long? StuckMs { get; set; }
    public bool IsRollback { get; set; }
    public string? TemplateHash { get; set; }
    public long? AbandonedMs { get; set; }
    public long? UnwatchedFromMs { get; set; }
    public long? UnwatchedToMs { get; set; }
}

internal sealed class PodRestartRow
{
    /// <summary>The pod's uid, a slash, the container, a slash, its restart count.</summary>
    public required string Id { get; set; }
    public required string Uid { get; set; }
    public required string Namespace { get; set; }
    public required string Pod { get; set; }
    public required string Node { get; set; }
    public string? ServiceNamespace { get; set; }
    public string? ServiceName { get; set; }
    public required string Container { get; set; }
    public int Count { get; set; }
    public long AtMs { get; set; }
    public int? ExitCode { get; set; }
    public string? Reason { get; set; }
    public string? FormerIp { get; set; }
    public string? Ip { get; set; }
}

internal sealed class LifecycleTablesConfiguration
    : IEntityTypeConfiguration<TerminationRow>, IEntityTypeConfiguration<RolloutRow>, IEntityTypeConfiguration<PodRestartRow>
{
    public void Configure(EntityTypeBuilder<PodRestartRow> builder)
    {
        builder.ToTable("PodRestarts");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.AtMs);
    }

    public void Configure(EntityTypeBuilder<TerminationRow> builder)
    {
        builder.ToTable("Terminations");
        builder.HasKey(r => r.Uid);
        builder.HasIndex(r => r.DeletionRequestedMs);
        builder.Property(r => r.DeletionRequestedMs).HasColumnName("AskedMs");
        builder.Property(r => r.SigtermSentMs).HasColumnName("StopSignalMs");
    }

    public void Configure(EntityTypeBuilder<RolloutRow> builder)
    {
        builder.ToTable("Rollouts");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.StartedMs);
    }
}
