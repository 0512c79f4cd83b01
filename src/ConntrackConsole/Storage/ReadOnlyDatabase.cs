using ConntrackConsole.Storage.Address;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Storage;

/// <summary>The database of a console for a command that only reads, also while the console runs. Without pooling: each context closes its own connection.</summary>
internal sealed class ReadOnlyDatabase(string connectionString) : IDbContextFactory<ConsoleDb>
{
    private readonly DbContextOptions<ConsoleDb> _options = new DbContextOptionsBuilder<ConsoleDb>().UseSqlite(DatabaseAddress.ReadOnly(connectionString)).Options;

    public ConsoleDb CreateDbContext() => new(_options);
}
