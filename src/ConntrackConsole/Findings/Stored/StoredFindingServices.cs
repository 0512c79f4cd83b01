namespace ConntrackConsole.Findings.Stored;

/// <summary>Registers the diagnosis of stored windows.</summary>
internal static class StoredFindingServices
{
    public static IServiceCollection AddStoredFindings(this IServiceCollection services) => services.AddSingleton<StoredFindings>();
}
