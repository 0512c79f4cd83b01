using ConntrackConsole.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ConntrackConsole.Tests.Configuration;

/// <summary>The console's options for a configuration, without a console.</summary>
internal static class TestConfiguration
{
    public static IConfigurationRoot Of(params (string Key, string Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value)).Build();

    /// <exception cref="StartupException">The configuration is not valid.</exception>
    public static T Read<T>(params (string Key, string Value)[] values)
        where T : class
    {
        using var services = Of(values).BuildOptions();
        return services.GetRequiredService<IOptions<T>>().Value;
    }

    /// <summary>Code and key of each error, in order.</summary>
    public static IReadOnlyList<(string Code, string Key)> Errors(params (string Key, string Value)[] values) =>
        [.. Refused(values).Errors.Select(error => (error.Code, error.Key))];

    /// <summary>Exactly these, in any order: keys of sections are enumerated in the order of their providers.</summary>
    public static void AssertErrors((string Code, string Key)[] expected, params (string Key, string Value)[] values) =>
        Assert.Equal(expected.Order(), Errors(values).Order());

    public static StartupException Refused(params (string Key, string Value)[] values) =>
        Assert.Throws<StartupException>(() => Of(values).BuildOptions().Dispose());
}
