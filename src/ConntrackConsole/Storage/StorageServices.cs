using ConntrackConsole.Configuration;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Storage;

/// <summary>The database, and the keys that protect cookies.</summary>
internal static class StorageServices
{
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddDbContextFactory<ConsoleDb>((provider, db) => db.UseSqlite(provider.GetRequiredService<IOptions<StorageOptions>>().Value.ConnectionString));
        services.AddDataProtection().SetApplicationName("ConntrackConsole");
        // Instead of PersistKeysToFileSystem, which needs the directory before the configuration is validated.
        services.AddOptions<KeyManagementOptions>().Configure<IOptions<StorageOptions>, ILoggerFactory>((keys, storage, loggers) =>
            keys.XmlRepository = new FileSystemXmlRepository(Directory.CreateDirectory(Path.Combine(storage.Value.DataDirectory, "keys")), loggers));
        return services;
    }
}
