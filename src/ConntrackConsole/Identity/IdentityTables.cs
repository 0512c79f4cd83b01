using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Identity;

/// <summary>The table of sessions.</summary>
internal static class IdentityTables
{
    extension(ConsoleDb db)
    {
        public DbSet<SessionRow> Sessions => db.Set<SessionRow>();
    }
}

/// <summary>One session of a user.</summary>
internal sealed class SessionRow
{
    public required string Id { get; set; }
    public required string Who { get; set; }
    public string? From { get; set; }
    public long SignedInMs { get; set; }
    public long UntilMs { get; set; }
    public long? EndedMs { get; set; }
}

internal sealed class IdentityTablesConfiguration : IEntityTypeConfiguration<SessionRow>
{
    public void Configure(EntityTypeBuilder<SessionRow> builder)
    {
        builder.ToTable("Sessions");
        builder.HasKey(r => r.Id);
    }
}
