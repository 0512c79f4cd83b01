using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Memory;

namespace ConntrackConsole.Configuration.Report;

/// <summary>Where the value of a key is from.</summary>
internal enum KeySource
{
    Default,
    File,
    Environment,
    CommandLine,
    Other,
}

/// <summary>Finds the provider of a configuration value.</summary>
internal static class KeySources
{
    /// <returns>The source, and the file's path if it is one.</returns>
    public static (KeySource Source, string? File) Of(IConfiguration configuration, string key)
    {
        if (configuration is not IConfigurationRoot root)
            return (configuration[key] is null ? KeySource.Default : KeySource.Other, null);
        // The last provider that has the key decides.
        foreach (var provider in root.Providers.Reverse())
        {
            if (!provider.TryGet(key, out string? value) || string.IsNullOrWhiteSpace(value))
                continue;
            return provider switch
            {
                FileConfigurationProvider file => (KeySource.File, file.Source.FileProvider?.GetFileInfo(file.Source.Path ?? "").PhysicalPath ?? file.Source.Path),
                EnvironmentVariablesConfigurationProvider => (KeySource.Environment, null),
                // ConsoleBuilder adds what the command line has.
                MemoryConfigurationProvider => (KeySource.CommandLine, null),
                ChainedConfigurationProvider chained => Of(chained.Configuration, key),
                _ => (KeySource.Other, null),
            };
        }

        return (KeySource.Default, null);
    }
}
