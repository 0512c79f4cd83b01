using ConntrackConsole.Postmortems.Export;
using ConntrackConsole.Postmortems.Records;
using ConntrackConsole.Postmortems.Report;

namespace ConntrackConsole.Postmortems;

/// <summary>Registers stored incidents.</summary>
internal static class PostmortemServices
{
    public static IServiceCollection AddPostmortems(this IServiceCollection services) => services
        .AddSingleton<PostmortemStore>()
        .AddSingleton<PostmortemService>()
        .AddSingleton<AlertmanagerIntake>()
        .AddSingleton<PostmortemReader>()
        .AddSingleton<PostmortemExporter>();
}
