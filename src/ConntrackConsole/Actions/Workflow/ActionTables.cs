using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Actions.Workflow;

/// <summary>The tables of actions and of the nodes' journals.</summary>
internal static class ActionTables
{
    extension(ConsoleDb db)
    {
        public DbSet<ActionRow> Actions => db.Set<ActionRow>();

        public DbSet<JournalMarkRow> JournalMarks => db.Set<JournalMarkRow>();
    }
}

/// <summary>One action, as far as it has come. The audit log has how it came there.</summary>
internal sealed class ActionRow
{
    public required string Id { get; set; }
    public required string Kind { get; set; }
    public required string Target { get; set; }
    public required string State { get; set; }
    public required string AskedBy { get; set; }
    public long AskedMs { get; set; }
    public long UpdatedMs { get; set; }

    /// <summary>What was asked for and what was shown: JSON.</summary>
    public required string Plan { get; set; }

    /// <summary>What came of it, node by node: JSON; null before it was carried out.</summary>
    public string? Outcome { get; set; }
}

/// <summary>How far a node's journal is written down.</summary>
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
        builder.HasIndex(r => r.AskedMs);
        builder.HasIndex(r => r.State);
    }

    public void Configure(EntityTypeBuilder<JournalMarkRow> builder)
    {
        builder.ToTable("JournalMarks");
        builder.HasKey(r => new { r.Node, r.JournalId });
    }
}
