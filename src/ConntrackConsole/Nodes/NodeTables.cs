using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Nodes;

/// <summary>The table of the kube-proxies' syncs.</summary>
internal static class NodeTables
{
    extension(ConsoleDb db)
    {
        public DbSet<SyncRow> Syncs => db.Set<SyncRow>();
    }
}

/// <summary>A sync of a node's kube-proxy, as its metrics told it.</summary>
internal sealed class SyncRow
{
    public required string Node { get; set; }
    /// <summary>kubeproxy_sync_proxy_rules_last_timestamp_seconds, in our clock.</summary>
    public long AtMs { get; set; }
    /// <summary>What kube-proxy had heard of before this moment is in the rules.</summary>
    public long CoversMs { get; set; }
    /// <summary>When this was first read.</summary>
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
