namespace ConntrackConsole.Ownership;

/// <summary>Registers the ownership history and its archive.</summary>
internal static class OwnershipServices
{
    /// <summary>Call before the terminations and the facts that refer to it are registered: hosted services load in the order of registration.</summary>
    public static IServiceCollection AddOwnership(this IServiceCollection services)
    {
        services.AddSingleton(new OwnershipHistory());
        services.AddSingleton<OwnershipArchive>();
        return services.AddHostedService(provider => provider.GetRequiredService<OwnershipArchive>());
    }
}
