using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>Everything that is a row. One context an operation, from the factory.</summary>
public sealed class ConsoleDb(DbContextOptions<ConsoleDb> options) : DbContext(options)
{
    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<TerminationRow> Terminations => Set<TerminationRow>();

    public DbSet<ResetSecondRow> ResetSeconds => Set<ResetSecondRow>();

    public DbSet<FrameRow> Frames => Set<FrameRow>();

    public DbSet<RolloutRow> Rollouts => Set<RolloutRow>();

    public DbSet<OwnerSpanRow> Owners => Set<OwnerSpanRow>();

    public DbSet<UnaddressedPodRow> UnaddressedPods => Set<UnaddressedPodRow>();

    public DbSet<ServiceSpanRow> ServiceSpans => Set<ServiceSpanRow>();

    public DbSet<EndpointSpanRow> EndpointSpans => Set<EndpointSpanRow>();

    public DbSet<ClusterWatchRow> ClusterWatches => Set<ClusterWatchRow>();

    public DbSet<SyncRow> Syncs => Set<SyncRow>();

    public DbSet<GapRow> Gaps => Set<GapRow>();

    public DbSet<SettingRow> Settings => Set<SettingRow>();

    public DbSet<BlockRow> Blocks => Set<BlockRow>();

    public DbSet<PinRow> Pins => Set<PinRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<ActionRow> Actions => Set<ActionRow>();

    public DbSet<JournalMarkRow> JournalMarks => Set<JournalMarkRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<AuditRow>(row =>
        {
            row.ToTable("Audit");
            row.HasKey(r => r.Id);
            row.Property(r => r.Id).ValueGeneratedOnAdd();
            row.HasIndex(r => r.AtMs);
            row.HasIndex(r => r.ActionId);
        });
        modelBuilder.Entity<TerminationRow>(row =>
        {
            row.ToTable("Terminations");
            row.HasKey(r => r.Uid);
            row.HasIndex(r => r.AskedMs);
        });
        modelBuilder.Entity<ResetSecondRow>(row =>
        {
            row.ToTable("ResetSeconds");
            row.HasKey(r => new { r.Second, r.Kind });
        });
        modelBuilder.Entity<FrameRow>(row =>
        {
            row.ToTable("Frames");
            row.HasKey(r => r.Id);
            row.Property(r => r.Id).ValueGeneratedOnAdd();
            row.HasIndex(r => new { r.Node, r.StartedAtMs, r.Sequence }).IsUnique();
            row.HasIndex(r => new { r.Node, r.AtMs });
        });
        modelBuilder.Entity<RolloutRow>(row =>
        {
            row.ToTable("Rollouts");
            row.HasKey(r => r.Id);
            row.HasIndex(r => r.StartedMs);
        });
        modelBuilder.Entity<OwnerSpanRow>(row =>
        {
            row.ToTable("Owners");
            row.HasKey(r => r.Id);
            row.HasIndex(r => new { r.Ip, r.FromMs });
            row.HasIndex(r => r.ToMs);
        });
        modelBuilder.Entity<UnaddressedPodRow>(row =>
        {
            row.ToTable("UnaddressedPods");
            row.HasKey(r => r.Uid);
        });
        modelBuilder.Entity<ServiceSpanRow>(row =>
        {
            row.ToTable("ServiceSpans");
            row.HasKey(r => r.Id);
            row.HasIndex(r => new { r.Namespace, r.Name, r.FromMs });
            row.HasIndex(r => r.ToMs);
        });
        modelBuilder.Entity<EndpointSpanRow>(row =>
        {
            row.ToTable("EndpointSpans");
            row.HasKey(r => r.Id);
            row.HasIndex(r => new { r.Namespace, r.Service, r.Ip, r.FromMs });
            row.HasIndex(r => r.ToMs);
        });
        modelBuilder.Entity<ClusterWatchRow>(row =>
        {
            row.ToTable("ClusterWatches");
            row.HasKey(r => r.FromMs);
            row.Property(r => r.FromMs).ValueGeneratedNever();
        });
        modelBuilder.Entity<SyncRow>(row =>
        {
            row.ToTable("Syncs");
            row.HasKey(r => new { r.Node, r.AtMs });
            row.HasIndex(r => r.AtMs);
        });
        modelBuilder.Entity<GapRow>(row =>
        {
            row.ToTable("Gaps");
            row.HasKey(r => r.Id);
            row.HasIndex(r => r.FromMs);
        });
        modelBuilder.Entity<SettingRow>(row =>
        {
            row.ToTable("Settings");
            row.HasKey(r => r.Id);
            row.HasIndex(r => r.AtMs);
        });
        modelBuilder.Entity<BlockRow>(row =>
        {
            row.ToTable("Blocks");
            row.HasKey(r => r.Id);
            row.HasIndex(r => new { r.Kind, r.Step, r.Name, r.AtMs }).IsUnique();
            row.HasIndex(r => new { r.Kind, r.Step, r.AtMs });
        });
        modelBuilder.Entity<PinRow>(row =>
        {
            row.ToTable("Pins");
            row.HasKey(r => r.Id);
        });
        modelBuilder.Entity<SessionRow>(row =>
        {
            row.ToTable("Sessions");
            row.HasKey(r => r.Id);
        });
        modelBuilder.Entity<ActionRow>(row =>
        {
            row.ToTable("Actions");
            row.HasKey(r => r.Id);
            row.HasIndex(r => r.AskedMs);
            row.HasIndex(r => r.State);
        });
        modelBuilder.Entity<JournalMarkRow>(row =>
        {
            row.ToTable("JournalMarks");
            row.HasKey(r => new { r.Node, r.JournalId });
        });
    }
}
