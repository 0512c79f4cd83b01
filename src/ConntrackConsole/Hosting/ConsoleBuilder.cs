namespace ConntrackConsole.Hosting;

/// <summary>A builder that has read the configuration and nothing else.</summary>
internal static class ConsoleBuilder
{
    public static WebApplicationBuilder Create(IReadOnlyDictionary<string, string?> values)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // Not the working directory: appsettings.json and static files are beside the program.
            ContentRootPath = AppContext.BaseDirectory,
            ApplicationName = typeof(ConsoleBuilder).Assembly.GetName().Name,
        });
        // Without this, a console that runs from the build output serves no static files.
        builder.WebHost.UseStaticWebAssets();
        // The name of the server helps only those who look for its faults.
        builder.WebHost.ConfigureKestrel(server => server.AddServerHeader = false);
        builder.Configuration.AddInMemoryCollection(values);
        return builder;
    }
}
