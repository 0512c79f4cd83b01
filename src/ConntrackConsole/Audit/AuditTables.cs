using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Audit;

/// <summary>Table of the audit log.</summary>
internal static class AuditTables
{
    extension(ConsoleDb db)
    {
        public DbSet<AuditRow> Audit => db.Set<AuditRow>();
    }
}

/// <summary>Append-only: triggers of the first migration refuse UPDATE and DELETE.</summary>
internal sealed class AuditRow
{
    public long Id { get; set; }
    public long AtMs { get; set; }
    public required string Who { get; set; }
    public string? From { get; set; }
    public required string What { get; set; }
    public string? Where { get; set; }
    public string? Target { get; set; }
    public required string Why { get; set; }
    public string? Before { get; set; }
    public string? After { get; set; }
    public required string Result { get; set; }
    public long? DurationMs { get; set; }
    public required string ActionId { get; set; }
    public string? Session { get; set; }
    public string? Roles { get; set; }
    public string? IncidentId { get; set; }

    /// <summary>The deleted entries as JSON.</summary>
    public string? Details { get; set; }

    /// <summary>Stable reason code of <see cref="Result"/>; null if there is no code, and in rows from before codes existed.</summary>
    public string? Code { get; set; }

    /// <summary>Null in rows from before the chain.</summary>
    public string? Hash { get; set; }

    /// <summary>Id of the key of <see cref="Hash"/>; null if unkeyed.</summary>
    public string? KeyId { get; set; }
}

internal sealed class AuditTablesConfiguration : IEntityTypeConfiguration<AuditRow>
{
    public void Configure(EntityTypeBuilder<AuditRow> builder)
    {
        builder.ToTable("Audit");
        builder.HasKey(r => r.Id);
        builder.Property(r => r.Id).ValueGeneratedOnAdd();
        builder.HasIndex(r => r.AtMs);
        builder.HasIndex(r => r.ActionId);
    }
}
