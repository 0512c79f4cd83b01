using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace ConntrackConsole.Storage;

/// <summary>For `dotnet ef migrations add` only, so that it does not start the console.</summary>
internal sealed class ConsoleDbFactory : IDesignTimeDbContextFactory<ConsoleDb>
{
    public ConsoleDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<ConsoleDb>().UseSqlite("Data Source=design-time-only.db").Options);
}
