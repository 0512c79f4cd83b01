using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Rollouts;

/// <summary>The table of measurements.</summary>
internal static class RolloutTables
{
    extension(ConsoleDb db)
    {
        public DbSet<RolloutReportRow> RolloutReports => db.Set<RolloutReportRow>();
    }
}

internal sealed class RolloutReportRow
{
    /// <summary>The rollout's id.</summary>
    public required string Id { get; set; }
    public long StartedMs { get; set; }

    /// <summary>The measurement as JSON.</summary>
    public required string Measurement { get; set; }
}

internal sealed class RolloutTablesConfiguration : IEntityTypeConfiguration<RolloutReportRow>
{
    public void Configure(EntityTypeBuilder<RolloutReportRow> builder)
    {
        builder.ToTable("RolloutReports");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.StartedMs);
    }
}
