using System.Data.Common;
using System.Text.Json;
using ConntrackConsole.Configuration;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Audit;

/// <summary>The rows of a start and of an ordered end. It starts before every other room and ends behind it.</summary>
public sealed partial class ConsoleLife(AuditLog log, EffectiveConfiguration configuration, ILogger<ConsoleLife> logger) : IHostedService
{
    private const string Who = "conntrack-console";

    private readonly string _run = $"console-{Guid.NewGuid():N}";
    private bool _started;

    /// <exception cref="StartFault">The log takes no row: then nothing must be done either.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        string after = JsonSerializer.Serialize(new
        {
            version = CommandLine.ProgramVersion, host = Environment.MachineName, configuration = configuration.Values,
        }, JsonSerializerOptions.Web);
        try
        {
            await log.AppendAsync(new AuditNote(
                Who, null, "console.started", Environment.MachineName, null, $"Version {CommandLine.ProgramVersion} started", null, after, "ok", null, _run), cancellationToken);
            _started = true;
        }
        catch (AuditRefusal refusal)
        {
            throw new StartFault(refusal.Message);
        }
        catch (Exception e) when (e is DbException or DbUpdateException)
        {
            throw new StartFault($"The audit log cannot be written ({(e.InnerException ?? e).Message.TrimEnd('.')}): make room for the database, and let this user write it.");
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_started)
            return;
        try
        {
            await log.AppendAsync(new AuditNote(
                Who, null, "console.stopped", Environment.MachineName, null, "Ended as asked", null, null, "ok", null, _run), cancellationToken);
        }
        catch (Exception e)
        {
            // An end that cannot be written must not keep the program from ending.
            LogNoEnd(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The end of the console could not be written to the audit log.")]
    private partial void LogNoEnd(Exception e);
}
