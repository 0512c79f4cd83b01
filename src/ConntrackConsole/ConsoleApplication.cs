using System.Net.Sockets;
using ConntrackConsole.Actions;
using ConntrackConsole.Api;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster;
using ConntrackConsole.Components;
using ConntrackConsole.Configuration;
using ConntrackConsole.Diagnosis.Checks;
using ConntrackConsole.Identity;
using ConntrackConsole.Ingest;
using ConntrackConsole.Storage;
using ConntrackConsole.Timeline;
using ConntrackConsole.Timeline.History;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ConntrackConsole;

/// <summary>How the rooms become one program. Tests build the same one.</summary>
public static class ConsoleApplication
{
    private const string DefaultUrl = "http://127.0.0.1:5080";

    // A frame may have 256 KiB and grows by a third in base64; a preview lists up to 20,000 entries of some 350 bytes each.
    internal const int MaxHubMessage = 8 * 1024 * 1024;

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            if (args is ["node-secret", .. var asked])
                return NodeSecretCommand.Run(asked, NewBuilder().Configuration, Console.Out);
            if (args is ["audit", .. var rest])
                return await AuditCommand.RunAsync(rest, SettingsOf, Console.Out);
            var line = CommandLine.Parse(args);
            if (line.Help || line.Version)
            {
                Console.WriteLine(line.Help ? CommandLine.HelpText() : $"conntrack-console {CommandLine.ProgramVersion}");
                return 0;
            }

            await using var app = await BuildAsync(args);
            await StartAsync(app);
            await app.WaitForShutdownAsync();
            // A room that broke down stops the program; that must not look like an ordinary end.
            return app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(s => s.ExecuteTask?.IsFaulted == true) ? 1 : 0;
        }
        catch (StartFault fault)
        {
            await Console.Error.WriteLineAsync($"conntrack-console: {fault.Message}");
            return 2;
        }
    }

    private static ConsoleSettings SettingsOf(CommandLine line)
    {
        var configuration = NewBuilder().Configuration;
        configuration.AddInMemoryCollection(line.Values);
        return SettingsReader.Read(configuration);
    }

    /// <summary>Everything but listening.</summary>
    /// <exception cref="StartFault">Wrong input.</exception>
    public static async Task<WebApplication> BuildAsync(string[] args, Action<WebApplicationBuilder>? adapt = null)
    {
        var line = CommandLine.Parse(args);
        var builder = NewBuilder();
        builder.Configuration.AddInMemoryCollection(line.Values);
        adapt?.Invoke(builder);
        var settings = SettingsReader.Read(builder.Configuration);
        Database.PrepareFolder(settings.Storage);
        var access = ClusterAccess.Find(settings.Kubernetes);
        Listen(builder, settings.Collectors);
        AddServices(builder.Services, settings, access);
        builder.Services.AddSingleton(EffectiveConfiguration.Of(builder.Configuration, settings));

        var app = builder.Build();
        if (await Database.OpenAsync(app.Services.GetRequiredService<IDbContextFactory<ConsoleDb>>()) is { } damaged)
            await TellDamageAsync(app, damaged);
        Map(app, settings);
        return app;
    }

    // Loudly: in the log, on the timeline, and as the first row of the fresh audit log.
    private static async Task TellDamageAsync(WebApplication app, string damaged)
    {
        app.Logger.LogCritical("{Damage}", damaged);
        long nowMs = app.Services.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeMilliseconds();
        app.Services.GetRequiredService<TimelineStore>().Restore([new GapSpan(null, GapKind.FramesDropped, nowMs - TimelineStore.HorizonMs, nowMs, damaged)], []);
        await app.Services.GetRequiredService<AuditLog>().AppendAsync(new AuditNote(
            "conntrack-console", null, "storage.damaged", null, null, damaged, null, null, "put aside", null, $"storage-{Guid.NewGuid():N}"));
    }

    /// <exception cref="StartFault">An address that cannot be listened on.</exception>
    public static async Task StartAsync(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            string? addresses = app.Configuration["urls"];
            throw new StartFault(e is AddressInUseException || e.InnerException is AddressInUseException
                ? $"Another program listens on {addresses} already: stop it, or choose another port with --Urls=http://127.0.0.1:PORT."
                : $"The console cannot listen on {addresses}: {(e.InnerException ?? e).Message.TrimEnd('.')}. Choose another address with --Urls=http://127.0.0.1:PORT.");
        }

        // An address that means "every address" is none that a browser can open.
        string? url = app.Urls.FirstOrDefault(u => !u.Contains("://unix:", StringComparison.Ordinal))?
            .Replace("//[::]", "//localhost", StringComparison.Ordinal).Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal);
        foreach (var link in app.Services.GetRequiredService<SignInLinks>().All)
            app.Logger.LogInformation("Sign in here, once, as {Name} ({Role}): {Link}", link.Name, link.Role.Name(), url + link.Path);
    }

    private static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // Not the working directory: appsettings.json and static files stand beside the program.
            ContentRootPath = AppContext.BaseDirectory,
            ApplicationName = typeof(ConsoleApplication).Assembly.GetName().Name,
        });
        // From build output, static files are empty answers without this.
        builder.WebHost.UseStaticWebAssets();
        return builder;
    }

    private static void Listen(WebApplicationBuilder builder, CollectorSettings collectors)
    {
        // Named here because an address given in code makes Kestrel forget those that were configured.
        string urls = builder.Configuration["urls"] ?? DefaultUrl;
        if (collectors.Socket is { } socket)
        {
            builder.ListenOn(socket);
            urls += $";http://unix:{socket}";
        }

        builder.WebHost.UseUrls(urls);
    }

    private static void AddServices(IServiceCollection services, ConsoleSettings settings, ClusterAccess access)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings.Identity);
        services.AddSignIn(settings.Storage.DataDirectory);
        services.AddDataProtection()
            .SetApplicationName("ConntrackConsole")
            .PersistKeysToFileSystem(Directory.CreateDirectory(Path.Combine(settings.Storage.DataDirectory, "keys")));

        services.AddDbContextFactory<ConsoleDb>(db => db.UseSqlite(settings.Storage.ConnectionString));
        services.AddAudit(settings.Audit);
        services.AddSingleton(access);
        services.AddSingleton<ClusterState>();
        services.AddSingleton<TimelineStore>();
        services.AddSingleton<TimelineHistory>();
        services.AddSingleton<TerminationArchive>();
        services.AddSingleton(new FrameRetention(TimeSpan.FromHours(settings.Storage.FrameHours), settings.Storage.FrameMiB * 1024L * 1024));
        services.AddSingleton<FrameArchive>();
        services.AddSingleton<TimelineReplay>();
        var past = settings.Storage.Past;
        services.AddSingleton(new HistoryRetention(
            new(TimeSpan.FromHours(past.NodeHours), TimeSpan.FromDays(past.NodeTenSecondDays), TimeSpan.FromDays(past.NodeMinuteDays)),
            new(TimeSpan.FromDays(past.SecondDays), TimeSpan.FromDays(past.TenSecondDays), TimeSpan.FromDays(past.MinuteDays)),
            TimeSpan.FromDays(past.RowDays), past.MaxMiB * 1024L * 1024));
        services.AddSingleton<BlockArchive>();
        services.AddSingleton<FoldQueue>();
        services.AddSingleton<NodeFold>();
        services.AddSingleton<ServiceFold>();
        services.AddSingleton<Retention>();
        services.AddSingleton<Pins>();
        services.AddSingleton<FactsArchive>();
        services.AddSingleton<PastReader>();
        services.AddSingleton<PastFacts>();
        services.AddSingleton<HistoryFolder>();
        services.AddSingleton<CheckBoard>();
        services.AddSingleton<CollectorRegistry>();
        services.AddSingleton<FrameInbox>();
        services.AddSingleton<CollectorLink>();
        services.AddSingleton<JournalInbox>();
        services.AddSingleton(ActionSettings.Of(settings.Actions));
        services.AddSingleton<ActionStore>();
        services.AddSingleton<ActionAudit>();
        services.AddSingleton<WorldReader>();
        services.AddSingleton<ActionDispatch>();
        services.AddSingleton<ActionDesk>();
        services.AddSingleton<JournalReturns>();
        services.AddSingleton<JournalDesk>();
        services.AddSingleton<ChangeBoard>();
        services.AddSingleton<OutcomeMeter>();
        // In this order: the past is known before anything new is taken in.
        services.AddSingleton<OwnershipArchive>();
        services.AddHostedService(rooms => rooms.GetRequiredService<OwnershipArchive>());
        services.AddHostedService<TimelineArchive>();
        services.AddHostedService(provider => provider.GetRequiredService<FactsArchive>());
        services.AddHostedService(provider => provider.GetRequiredService<HistoryFolder>());
        services.AddHostedService<FrameApplier>();
        services.AddHostedService<ClusterInformer>();
        services.AddHostedService<WatchTeller>();
        services.AddHostedService(provider => provider.GetRequiredService<CheckBoard>());
        services.AddSingleton<LooseEnds>();
        services.AddHostedService<ActionResolver>();
        services.AddHostedService(provider => provider.GetRequiredService<OutcomeMeter>());

        // As options of the hub alone they would not be looked at: only AddHubOptions makes them count before the general ones.
        services.AddSignalR().AddJsonProtocol(json => json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, WireJson.Default))
            .AddHubOptions<CollectorHub>(options =>
            {
                options.MaximumReceiveMessageSize = MaxHubMessage;
                // Each stream, live and late, is one invocation; neither the clock nor an introduction must wait behind them.
                options.MaximumParallelInvocationsPerClient = 4;
            });
        services.AddConsolePages();
    }

    private static void Map(WebApplication app, ConsoleSettings settings)
    {
        app.UseCollectorDoor(settings.Collectors);
        app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            // The sign-in token must not travel on in a Referer.
            context.Response.Headers["Referrer-Policy"] = "no-referrer";
            return next(context);
        });
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseApiDoor();
        app.UseAntiforgery();

        app.MapSignIn();
        app.MapGet("/healthz", () => Results.Text("ok")).AllowAnonymous();
        app.MapGet("/readyz", (ClusterState cluster) =>
            cluster is { HasCluster: true, IsReady: false }
                ? Results.Text(cluster.Problem ?? "The cluster is not listed yet.", statusCode: StatusCodes.Status503ServiceUnavailable)
                : Results.Text("ok")).AllowAnonymous();
        app.Services.GetRequiredService<JournalInbox>().Taker = app.Services.GetRequiredService<JournalDesk>().TakeAsync;
        app.MapApi();
        // Web sockets only: there the door's word holds for the whole connection, because it is one request.
        app.MapHub<CollectorHub>(HubMethods.Path, options => options.Transports = HttpTransportType.WebSockets).AllowAnonymous();
        app.MapConsolePages();
    }
}
