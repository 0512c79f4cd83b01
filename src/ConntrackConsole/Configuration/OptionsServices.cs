using Microsoft.Extensions.Options;

namespace ConntrackConsole.Configuration;

/// <summary>Registers the options of the console.</summary>
internal static class OptionsServices
{
    /// <summary>Every options class, bound from the configuration and validated at startup.</summary>
    public static IServiceCollection AddConsoleOptions(this IServiceCollection services) => services
        .Add<ServerOptions, ServerOptionsValidator>()
        .Add<StorageOptions, StorageOptionsValidator>()
        .Add<KubernetesOptions, KubernetesOptionsValidator>()
        .Add<CollectorsOptions, CollectorsOptionsValidator>()
        .Add<ActionsOptions, ActionsOptionsValidator>()
        .Add<IdentityOptions, IdentityOptionsValidator>()
        .Add<AuditOptions, AuditOptionsValidator>()
        .Add<WebhookOptions, WebhookOptionsValidator>()
        .Add<RolloutsOptions, RolloutsOptionsValidator>()
        .AddSingleton(provider => EffectiveConfiguration.Of(
            provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IOptions<StorageOptions>>().Value));

    /// <summary>Validates all options at once, before any of them is used.</summary>
    /// <exception cref="StartupException">All errors of the configuration.</exception>
    private static void ValidateOptions(this IServiceProvider services)
    {
        try
        {
            services.GetRequiredService<IStartupValidator>().Validate();
        }
        catch (Exception e) when (e is OptionsValidationException or AggregateException)
        {
            var failures = e is AggregateException all ? all.InnerExceptions.Cast<OptionsValidationException>() : [(OptionsValidationException)e];
            throw new StartupException([.. failures.SelectMany(failure => failure.Failures).Select(ConfigurationError.FromFailure)]);
        }
    }

    /// <summary>The options of a configuration, outside a host.</summary>
    /// <exception cref="StartupException">All errors of the configuration.</exception>
    public static ServiceProvider BuildOptions(this IConfiguration configuration)
    {
        var services = new ServiceCollection().AddSingleton(configuration).AddConsoleOptions().BuildServiceProvider();
        services.ValidateOptions();
        return services;
    }

    private static IServiceCollection Add<T, TValidator>(this IServiceCollection services)
        where T : class
        where TValidator : class, IValidateOptions<T>
    {
        services.AddOptions<T>().Configure<IConfiguration>((options, configuration) => OptionsBinder.Bind(configuration, options)).ValidateOnStart();
        return services.AddSingleton<IValidateOptions<T>, ConfigurationValidator<T>>().AddSingleton<IValidateOptions<T>, TValidator>();
    }
}
