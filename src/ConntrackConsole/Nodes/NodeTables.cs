using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Nodes;

/// <summary>Table of kube-proxy syncs.</summary>
internal static class NodeTables
{
    extension(ConsoleDb db)
    {
        public DbSet<SyncRow> Syncs => db.Set<SyncRow>();
    }
}

/// <summary>A sync of a node's kube-proxy, as reported by its metrics.</summary>
internal sealed class SyncRow
{
    public required string Node { get; set; }
    /// <summary>kubeproxy_sync_proxy_rules_last_timestamp_seconds, on the console's clock.</summary>
    public long AtMs { get; set; }
    /// <summary>The rules contain every change that kube-proxy had received before this time.</summary>
    public long CoversMs { get; set; }
    /// <summary>When it was first read.</summary>
    public long SeenMs { get; set; }
    public double SyncP99 { get; set; }
}

internal sealed class NodeTablesConfiguration : IEntityTypeConfiguration<SyncRow>
{
    public void Configure(EntityTypeBuilder<SyncRow> builder)
    {
        builder.ToTable("Syncs");
        builder.HasKey(r => new { r.Node, r.AtMs });
        builder.HasIndex(r => r.AtMs);
    }
}
