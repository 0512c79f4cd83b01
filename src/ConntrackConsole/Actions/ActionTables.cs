using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Actions;

/// <summary>Tables of actions and node journals.</summary>
internal static class ActionTables
{
    extension(ConsoleDb db)
    {
        public DbSet<ActionRow> Actions => db.Set<ActionRow>();

        public DbSet<JournalMarkRow> JournalMarks => db.Set<JournalMarkRow>();
    }
}

/// <summary>An action in its current state. The audit log records how it got there.</summary>
internal sealed class ActionRow
{
    public required string Id { get; set; }
    public required string Kind { get; set; }
    public required string Target { get; set; }
    public required string State { get; set; }
    public required string RequestedBy { get; set; }
    public long RequestedMs { get; set; }
    public long UpdatedMs { get; set; }

    /// <summary>The request and its preview, as JSON.</summary>
    public required string Plan { get; set; }

    /// <summary>The result for each node, as JSON; null before execution.</summary>
    public string? Outcome { get; set; }
}

/// <summary>How far a node's journal has been written to the audit log.</summary>
internal sealed class JournalMarkRow
{
    public required string Node { get; set; }
    public required string JournalId { get; set; }
    public long Number { get; set; }
}

internal sealed class ActionTablesConfiguration : IEntityTypeConfiguration<ActionRow>, IEntityTypeConfiguration<JournalMarkRow>
{
    public void Configure(EntityTypeBuilder<ActionRow> builder)
    {
        builder.ToTable("Actions");
        builder.HasKey(r => r.Id);
        builder.Property(r => r.RequestedBy).HasColumnName("AskedBy");
        builder.Property(r => r.RequestedMs).HasColumnName("AskedMs");
        builder.HasIndex(r => r.RequestedMs);
        builder.HasIndex(r => r.State);
    }

    public void Configure(EntityTypeBuilder<JournalMarkRow> builder)
    {
        builder.ToTable("JournalMarks");
        builder.HasKey(r => new { r.Node, r.JournalId });
    }
}
