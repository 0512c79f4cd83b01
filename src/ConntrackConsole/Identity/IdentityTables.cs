using ConntrackConsole.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ConntrackConsole.Identity;

/// <summary>The tables of sessions and of programs' tokens.</summary>
internal static class IdentityTables
{
    extension(ConsoleDb db)
    {
        public DbSet<SessionRow> Sessions => db.Set<SessionRow>();

        public DbSet<ApiTokenRow> ApiTokens => db.Set<ApiTokenRow>();
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

    /// <summary>link, oidc or kubernetes.</summary>
    public string Source { get; set; } = "link";

    /// <summary>JSON array of the provider's groups at sign-in; null for links.</summary>
    public string? Groups { get; set; }
}

/// <summary>The token of a program.</summary>
internal sealed class ApiTokenRow
{
    public required string Id { get; set; }
    public required string Name { get; set; }
    public required string Role { get; set; }

    /// <summary>SHA-256 of the token, in lower-case hexadecimal digits.</summary>
    public required string Hash { get; set; }
    public required string CreatedBy { get; set; }
    public long CreatedMs { get; set; }
    public long UntilMs { get; set; }
    public long? EndedMs { get; set; }
    public long? LastUsedMs { get; set; }
}

internal sealed class IdentityTablesConfiguration : IEntityTypeConfiguration<SessionRow>
{
    public void Configure(EntityTypeBuilder<SessionRow> builder)
    {
        builder.ToTable("Sessions");
        builder.HasKey(r => r.Id);
        builder.Property(r => r.Source).HasDefaultValue("link");
    }
}

internal sealed class ApiTokensConfiguration : IEntityTypeConfiguration<ApiTokenRow>
{
    public void Configure(EntityTypeBuilder<ApiTokenRow> builder)
    {
        builder.ToTable("ApiTokens");
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.Hash).IsUnique();
    }
}
