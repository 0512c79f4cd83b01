using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Timeline.Storage;

/// <summary>The timeline's tables: frames, and the results of the rollup.</summary>
internal static class TimelineTables
{
    extension(ConsoleDb db)
    {
        public DbSet<FrameRow> Frames => db.Set<FrameRow>();

        public DbSet<FramePackRow> FramePacks => db.Set<FramePackRow>();

        public DbSet<FrameRunRow> FrameRuns => db.Set<FrameRunRow>();

        public DbSet<SeriesTableRow> SeriesTables => db.Set<SeriesTableRow>();

        public DbSet<BlockRow> Blocks => db.Set<BlockRow>();

        public DbSet<ResetSecondRow> ResetSeconds => db.Set<ResetSecondRow>();

        public DbSet<GapRow> Gaps => db.Set<GapRow>();

        public DbSet<SettingRow> Settings => db.Set<SettingRow>();

        public DbSet<PinRow> Pins => db.Set<PinRow>();
    }
}

/// <summary>A collector's frame as it was received. Written with prepared commands, not as entities.</summary>
internal sealed class FrameRow
{
    /// <summary>In the order of arrival.</summary>
    public long Id { get; set; }
    public required string Node { get; set; }
    public long StartedAtMs { get; set; }
    public long Sequence { get; set; }
    public long AtMs { get; set; }
    public long ReceivedMs { get; set; }
    public required byte[] Bytes { get; set; }
}

/// <summary>A node's frames of a minute, packed once the minute is rolled up.</summary>
internal sealed class FramePackRow
{
    public long Id { get; set; }
    public required string Node { get; set; }
    public long MinuteMs { get; set; }
    /// <summary>Of its first frame.</summary>
    public long FirstMs { get; set; }
    /// <summary>Of its last frame.</summary>
    public long LastMs { get; set; }
    /// <summary>When the last of them was received.</summary>
    public long ReceivedMs { get; set; }
    /// <summary>The highest row of <see cref="FrameRow"/> that is in it.</summary>
    public long LastId { get; set; }
    public required byte[] Bytes { get; set; }
}

/// <summary>Frames of one run of a node's collector that were stored, whether or not they are still kept: sequence numbers without a hole.</summary>
internal sealed class FrameRunRow
{
    public required string Node { get; set; }
    public long StartedAtMs { get; set; }
    public long FirstSequence { get; set; }
    public long LastSequence { get; set; }
    /// <summary>When it was last extended.</summary>
    public long LastMs { get; set; }
}

/// <summary>The labels of the series in an hour's blocks of one node or one Service.</summary>
internal sealed class SeriesTableRow
{
    public long Id { get; set; }
    public byte Kind { get; set; }
    public required string Name { get; set; }
    public long AtMs { get; set; }
    public required byte[] Bytes { get; set; }
}

/// <summary>An interval of the timeline of one node or one Service, packed. Written with prepared commands, not as entities.</summary>
internal sealed class BlockRow
{
    public long Id { get; set; }
    /// <summary>1 = node, 2 = Service, 3 = a node's resets as it reported them.</summary>
    public byte Kind { get; set; }
    /// <summary>Seconds per column: 1, 10 or 60.</summary>
    public byte Step { get; set; }
    public required string Name { get; set; }
    /// <summary>Start of the block, milliseconds of Unix time.</summary>
    public long AtMs { get; set; }
    public required byte[] Bytes { get; set; }
}

/// <summary>Resets of one second and one kind, over all nodes, deduplicated.</summary>
internal sealed class ResetSecondRow
{
    public long Second { get; set; }
    public byte Kind { get; set; }
    public int Count { get; set; }
}

/// <summary>An interval in which data was lost.</summary>
internal sealed class GapRow
{
    public long Id { get; set; }
    public string? Node { get; set; }
    public byte Kind { get; set; }
    public long FromMs { get; set; }
    public long ToMs { get; set; }
    public required string Text { get; set; }
}

/// <summary>A sysctl change on a node.</summary>
internal sealed class SettingRow
{
    public long Id { get; set; }
    public required string Node { get; set; }
    public long AtMs { get; set; }
    public required string Name { get; set; }
    public required string Before { get; set; }
    public required string After { get; set; }
}

/// <summary>An interval that retention does not delete.</summary>
internal sealed class PinRow
{
    public long Id { get; set; }
    public long FromMs { get; set; }
    public long ToMs { get; set; }
    public required string Reason { get; set; }
    public long CreatedMs { get; set; }
}

internal sealed class TimelineTablesConfiguration :
    IEntityTypeConfiguration<FrameRow>, IEntityTypeConfiguration<FramePackRow>, IEntityTypeConfiguration<FrameRunRow>, IEntityTypeConfiguration<SeriesTableRow>,
    IEntityTypeConfiguration<BlockRow>, IEntityTypeConfiguration<ResetSecondRow>,
    IEntityTypeConfiguration<GapRow>, IEntityTypeConfiguration<SettingRow>, IEntityTypeConfiguration<PinRow>
{
    public void Configure(EntityTypeBuilder<FrameRow> builder)
    {
        builder.ToTable("Frames");
        builder.HasKey(r => r.Id);
        builder.Property(r => r.Id).ValueGeneratedOnAdd();
    }

    public void Configure(EntityTypeBuilder<FramePackRow> builder)
    {
        builder.ToTable("FramePacks");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.Node, r.MinuteMs }).IsUnique();
    }

    public void Configure(EntityTypeBuilder<FrameRunRow> builder)
    {
        builder.ToTable("FrameRuns");
        builder.HasKey(r => new { r.Node, r.StartedAtMs, r.FirstSequence });
    }

    public void Configure(EntityTypeBuilder<SeriesTableRow> builder)
    {
        builder.ToTable("SeriesTables");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.Kind, r.Name, r.AtMs }).IsUnique();
        builder.HasIndex(r => new { r.Kind, r.AtMs });
    }

    public void Configure(EntityTypeBuilder<BlockRow> builder)
    {
        builder.ToTable("Blocks");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => new { r.Kind, r.Step, r.Name, r.AtMs }).IsUnique();
        builder.HasIndex(r => new { r.Kind, r.Step, r.AtMs });
    }

    public void Configure(EntityTypeBuilder<ResetSecondRow> builder)
    {
        builder.ToTable("ResetSeconds");
        builder.HasKey(r => new { r.Second, r.Kind });
    }

    public void Configure(EntityTypeBuilder<GapRow> builder)
    {
        builder.ToTable("Gaps");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.FromMs);
    }

    public void Configure(EntityTypeBuilder<SettingRow> builder)
    {
        builder.ToTable("Settings");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.AtMs);
    }

    public void Configure(EntityTypeBuilder<PinRow> builder)
    {
        builder.ToTable("Pins");
        builder.HasKey(r => r.Id);
    }
}
