using System.Data.Common;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using Microsoft.EntityFrameworkCore;

namespace ConntrackConsole.Hosting;

/// <summary>Writes the audit rows of startup and orderly shutdown. It starts before every service that acts, and stops after them.</summary>
internal sealed partial class LifecycleAudit(AuditLog log, EffectiveConfiguration configuration, ILogger<LifecycleAudit> logger) : IHostedService
{
    private const string Who = "conntrack-console";

    private readonly string _run = $"console-{Guid.NewGuid():N}";
    private bool _started;

    /// <exception cref="StartupException">The audit log cannot be written, so nothing may be done.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        string after = JsonSerializer.Serialize(new
        {
            version = ProgramVersion.Current, host = Environment.MachineName, configuration = configuration.Values,
        }, JsonSerializerOptions.Web);
        try
        {
            await log.AppendAsync(new AuditNote(
                Who, null, "console.started", Environment.MachineName, null, $"Version {ProgramVersion.Current} started", null, after, "ok", null, _run), cancellationToken);
            _started = true;
        }
        catch (AuditUnavailableException refusal)
        {
            throw new StartupException(StartupErrorCodes.AuditKeyMissing, refusal.Message);
        }
        catch (Exception e) when (e is DbException or DbUpdateException)
        {
            throw new StartupException(
                StartupErrorCodes.AuditUnavailable, $"The audit log cannot be written ({(e.InnerException ?? e).Message.TrimEnd('.')}): check disk space and file permissions of the database.");
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_started)
            return;
        try
        {
            await log.AppendAsync(new AuditNote(
                Who, null, "console.stopped", Environment.MachineName, null, "Stopped as requested", null, null, "ok", null, _run), cancellationToken);
        }
        catch (Exception e)
        {
            // A shutdown that cannot be recorded must not keep the program from ending.
            LogNotRecorded(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to write the shutdown to the audit log.")]
    private partial void LogNotRecorded(Exception e);
}
