using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>
/// The database; one context an operation, from the factory. Each component has its own entities, with their tables and
/// indexes: found by their configurations, so that this folder knows none of them.
/// </summary>
public sealed class ConsoleDb(DbContextOptions<ConsoleDb> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(ConsoleDb).Assembly);
    }
}
