using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Incidents.Records;

/// <summary>Tables of incidents: what people and alerts wrote about them. The facts of their windows are in the tables of the timeline.</summary>
internal static class IncidentTables
{
    extension(ConsoleDb db)
    {
        public DbSet<IncidentRow> Incidents => db.Set<IncidentRow>();

        public DbSet<IncidentNoteRow> IncidentNotes => db.Set<IncidentNoteRow>();

        public DbSet<IncidentEventRow> IncidentEvents => db.Set<IncidentEventRow>();

        public DbSet<IncidentParticipantRow> IncidentParticipants => db.Set<IncidentParticipantRow>();
    }
}

/// <summary>An incident in its current state. The audit log records how it got there.</summary>
internal sealed class IncidentRow
{
    public required string Id { get; set; }
    public required string Title { get; set; }
    public long FromMs { get; set; }

    /// <summary>Null while it lasts.</summary>
    public long? ToMs { get; set; }
    public long OpenedMs { get; set; }
    public required string OpenedBy { get; set; }

    /// <summary>A name of <see cref="OpenedVia"/>.</summary>
    public required string Via { get; set; }

    /// <summary>What opened it: the id of a finding, or the group key of an alert.</summary>
    public string? Source { get; set; }

    /// <summary>Identifies the source; the same for all messages about one group of alerts.</summary>
    public string? SourceKey { get; set; }
    public string? Namespace { get; set; }
    public string? Service { get; set; }
    public long? ClosedMs { get; set; }
    public string? ClosedBy { get; set; }

    /// <summary>The row of Pins that keeps its window; null if retention applies to it.</summary>
    public long? PinId { get; set; }
}

/// <summary>One version of a note: an edit adds a row, and no row is changed.</summary>
internal sealed class IncidentNoteRow
{
    public long Id { get; set; }
    public required string IncidentId { get; set; }

    /// <summary>The number of the note within its incident, from 1.</summary>
    public int Number { get; set; }

    /// <summary>0 as it was written, then one more for each edit.</summary>
    public int Revision { get; set; }
    public long AtMs { get; set; }
    public required string Author { get; set; }
    public required string Text { get; set; }
}

/// <summary>An event that someone pinned to an incident.</summary>
internal sealed class IncidentEventRow
{
    public long Id { get; set; }
    public required string IncidentId { get; set; }

    /// <summary>A name of <see cref="PinnedKind"/>.</summary>
    public required string Kind { get; set; }

    /// <summary>The id of the finding, pod or action; null if it has none.</summary>
    public string? Reference { get; set; }
    public long AtMs { get; set; }
    public required string Text { get; set; }
    public required string PinnedBy { get; set; }
    public long PinnedMs { get; set; }
}

/// <summary>A person who took part in an incident.</summary>
internal sealed class IncidentParticipantRow
{
    public required string IncidentId { get; set; }
    public required string Name { get; set; }
}

internal sealed class IncidentTablesConfiguration
    : IEntityTypeConfiguration<IncidentRow>, IEntityTypeConfiguration<IncidentNoteRow>, IEntityTypeConfiguration<IncidentEventRow>, IEntityTypeConfiguration<IncidentParticipantRow>
{
    public void Configure(EntityTypeBuilder<IncidentRow> builder)
    {
        builder.ToTable("Incidents");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.OpenedMs);
        builder.HasIndex(r => r.SourceKey);
    }

    public void Configure(EntityTypeBuilder<IncidentNoteRow> builder)
    {
        builder.ToTable("IncidentNotes");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.IncidentId, r.Number, r.Revision }).IsUnique();
    }

    public void Configure(EntityTypeBuilder<IncidentEventRow> builder)
    {
        builder.ToTable("IncidentEvents");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.IncidentId);
    }

    public void Configure(EntityTypeBuilder<IncidentParticipantRow> builder)
    {
        builder.ToTable("IncidentParticipants");
        builder.HasKey(r => new { r.IncidentId, r.Name });
    }
}
