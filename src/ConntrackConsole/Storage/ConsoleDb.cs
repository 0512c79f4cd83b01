using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>Everything that is a row. One context an operation, from the factory.</summary>
public sealed class ConsoleDb(DbContextOptions<ConsoleDb> options) : DbContext(options)
{
    public DbSet<AuditRow> Audit => Set<AuditRow>();

    public DbSet<TerminationRow> Terminations => Set<TerminationRow>();

    public DbSet<ResetSecondRow> ResetSeconds => Set<ResetSecondRow>();

    public DbSet<FrameRow> Frames => Set<FrameRow>();

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
    }
}
