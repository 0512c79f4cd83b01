using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>
/// EF Core context for all persisted entities; create one per operation via the factory. Each component has its own entities,
/// with their tables and indexes, discovered by their configurations, so that this folder depends on none of them.
/// </summary>
internal sealed class ConsoleDb(DbContextOptions<ConsoleDb> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(ConsoleDb).Assembly);
    }
}
