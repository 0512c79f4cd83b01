using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Ownership;

/// <summary>Tables of the ownership history.</summary>
internal static class OwnershipTables
{
    extension(ConsoleDb db)
    {
        public DbSet<OwnerSpanRow> Owners => db.Set<OwnerSpanRow>();

        public DbSet<UnaddressedPodRow> UnaddressedPods => db.Set<UnaddressedPodRow>();

        public DbSet<ServiceSpanRow> ServiceSpans => db.Set<ServiceSpanRow>();

        public DbSet<EndpointSpanRow> EndpointSpans => db.Set<EndpointSpanRow>();

        public DbSet<ClusterWatchRow> ClusterWatches => db.Set<ClusterWatchRow>();
    }
}

/// <summary>The owner of an address over a range of time.</summary>
internal sealed class OwnerSpanRow
{
    public long Id { get; set; }
    public required string Ip { get; set; }
    public required string PodUid { get; set; }
    public required string FullName { get; set; }
    public required string Node { get; set; }
    public long FromMs { get; set; }
    public long? ToMs { get; set; }
    /// <summary>OwnerState: 1 live, 2 terminating, 3 lost, 5 a node's own.</summary>
    public byte State { get; set; }
    /// <summary>1 = start not observed, 2 = end not observed, 3 = neither observed; + 4 = whether the lost pod still ran was not observed.</summary>
    public byte Unseen { get; set; }
}

/// <summary>An existing pod without an address of its own.</summary>
internal sealed class UnaddressedPodRow
{
    public required string Uid { get; set; }
    public required string FullName { get; set; }
    public required string Node { get; set; }
}

/// <summary>A Service's addresses and ports over a range of time.</summary>
internal sealed class ServiceSpanRow
{
    public long Id { get; set; }
    public required string Namespace { get; set; }
    public required string Name { get; set; }
    public required string Uid { get; set; }
    /// <summary>Addresses, separated by spaces.</summary>
    public required string Vips { get; set; }
    /// <summary>proto/port/nodePort/targetPort/name, separated by spaces.</summary>
    public required string Ports { get; set; }
    public long FromMs { get; set; }
    public long? ToMs { get; set; }
    /// <summary>1 = start not observed, 2 = end not observed, 3 = neither observed.</summary>
    public byte Unseen { get; set; }
}

/// <summary>The endpoint conditions of an address in a Service's slices over a range of time.</summary>
internal sealed class EndpointSpanRow
{
    public long Id { get; set; }
    public required string Namespace { get; set; }
    public required string Service { get; set; }
    public required string Ip { get; set; }
    public string? PodUid { get; set; }
    public bool Ready { get; set; }
    public bool Serving { get; set; }
    public bool Terminating { get; set; }
    public long FromMs { get; set; }
    public long? ToMs { get; set; }
    /// <summary>1 = start not observed, 2 = end not observed, 3 = neither observed.</summary>
    public byte Unseen { get; set; }
}

/// <summary>A range of time in which a run of the console watched the cluster.</summary>
internal sealed class ClusterWatchRow
{
    /// <summary>When the first list of the run was complete.</summary>
    public long FromMs { get; set; }
    /// <summary>When the watch of the cluster was last confirmed.</summary>
    public long ToMs { get; set; }
}

internal sealed class OwnershipTablesConfiguration :
    IEntityTypeConfiguration<OwnerSpanRow>, IEntityTypeConfiguration<UnaddressedPodRow>, IEntityTypeConfiguration<ServiceSpanRow>,
    IEntityTypeConfiguration<EndpointSpanRow>, IEntityTypeConfiguration<ClusterWatchRow>
{
    public void Configure(EntityTypeBuilder<OwnerSpanRow> builder)
    {
        builder.ToTable("Owners");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.Ip, r.FromMs });
        builder.HasIndex(r => r.ToMs);
    }

    public void Configure(EntityTypeBuilder<UnaddressedPodRow> builder)
    {
        builder.ToTable("UnaddressedPods");
        builder.HasKey(r => r.Uid);
    }

    public void Configure(EntityTypeBuilder<ServiceSpanRow> builder)
    {
        builder.ToTable("ServiceSpans");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.Namespace, r.Name, r.FromMs });
        builder.HasIndex(r => r.ToMs);
    }

    public void Configure(EntityTypeBuilder<EndpointSpanRow> builder)
    {
        builder.ToTable("EndpointSpans");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.Namespace, r.Service, r.Ip, r.FromMs });
        builder.HasIndex(r => r.ToMs);
    }

    public void Configure(EntityTypeBuilder<ClusterWatchRow> builder)
    {
        builder.ToTable("ClusterWatches");
        builder.HasKey(r => r.FromMs);
        builder.Property(r => r.FromMs).ValueGeneratedNever();
    }
}
