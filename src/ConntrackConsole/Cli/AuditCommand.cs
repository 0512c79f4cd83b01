using System.CommandLine;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Cli;

/// <summary>audit verify: checks the audit chain of a database without changing it; works on a copy, or while the console is running.</summary>
internal static class AuditCommand
{
    // SQLite's primary result codes (sqlite3.h).
    private const int Error = 1;
    private const int ReadOnly = 8;
    private const int NotADatabase = 26;
    private const int CantOpen = 14;

    public static Command Build(KeyOptions keys)
    {
        var head = new Option<AuditHead?>("--head")
        {
            Description = $"The last row and its hash, {AuditHead.Form}: required to detect rows removed from the end.",
            HelpName = "N:HASH",
            CustomParser = result =>
            {
                if (AuditHead.Parse(result.Tokens[0].Value) is { } parsed)
                    return parsed;
                result.AddError($"--head is not {AuditHead.Form}.");
                return null;
            },
        };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var verify = new Command(
            "verify", "Check that no row of the audit log was changed, removed, re-ordered or inserted. Exit codes: 0 intact, 1 broken, 2 wrong usage.") { head, json };
        verify.SetAction(result => Run(keys.Values(result), result.GetValue(head), result.GetValue(json), result.InvocationConfiguration.Output));
        return new Command("audit", "The audit log; conntrack-console audit verify [--head N:HASH] [--json] checks it.") { verify };
    }

    private static int Run(IReadOnlyDictionary<string, string?> values, AuditHead? head, bool json, TextWriter output)
    {
        using var services = ConsoleBuilder.Create(values).Configuration.BuildOptions();
        var storage = services.GetRequiredService<IOptions<StorageOptions>>().Value;
        string file = new SqliteConnectionStringBuilder(storage.ConnectionString).DataSource;
        if (!File.Exists(file))
            throw new StartupException(StartupErrorCodes.DatabaseMissing, $"There is no database {file}: set {ConfigurationKeys.DataDirectory} or {ConfigurationKeys.ConnectionString}.");
        var keys = services.GetRequiredService<IOptions<AuditOptions>>().Value.ReadKeys(storage.DataDirectory);
        var verdict = Verify(storage.ConnectionString, file, new AuditKeys(keys), head);
        output.Write(json ? Json(verdict) : Text(verdict, file));
        return verdict.IsIntact ? 0 : ConsoleCommands.Failed;
    }

    private static AuditVerdict Verify(string connectionString, string file, AuditKeys keys, AuditHead? head)
    {
        try
        {
            return Verify(new SqliteConnectionStringBuilder(connectionString) { Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString(), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly && !File.Exists(file + "-wal"))
        {
            // A copy in a read-only place: SQLite requires a WAL file beside it unless the database is opened as immutable.
            string uri = $"file:{string.Join('/', Path.GetFullPath(file).Split('/').Select(Uri.EscapeDataString))}?immutable=1";
            return Verify(new SqliteConnectionStringBuilder { DataSource = uri, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString(), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Error)
        {
            throw new StartupException(StartupErrorCodes.DatabaseWithoutChain, $"The database {file} has no audit chain (SQLite: {e.Message.TrimEnd('.')}): start this version of conntrack-console on it once, or set the correct file.");
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly or NotADatabase)
        {
            throw new StartupException(StartupErrorCodes.DatabaseUnreadable, $"The database {file} cannot be read (SQLite: {e.Message.TrimEnd('.')}): check the file and its permissions.");
        }
    }

    private static AuditVerdict Verify(string connectionString, AuditKeys keys, AuditHead? head)
    {
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        return AuditVerifier.Verify(connection, keys, head);
    }

    private static string Text(AuditVerdict verdict, string file)
    {
        var text = new StringBuilder();
        text.AppendLine($"{file}: {verdict.Rows} rows checked.");
        text.AppendLine(verdict.KeyMessage);
        text.AppendLine(verdict.Fault is { } fault
            ? $"BROKEN at row {fault.Row} ({fault.KindName}): {fault.Message}"
            : "Intact: no row was changed, removed, re-ordered or inserted.");
        if (verdict.Head is { } head)
            text.AppendLine($"{(verdict.IsIntact ? "Head" : "Last valid row")}: {head}");
        text.AppendLine(verdict.TailMessage);
        return text.ToString();
    }

    private static string Json(AuditVerdict verdict) => JsonSerializer.Serialize(new
    {
        whole = verdict.IsIntact, rows = verdict.Rows, keyed = verdict.Keyed, unkeyed = verdict.Unkeyed, beforeChain = verdict.Earlier,
        head = verdict.Head is { } head ? new { row = head.Row, hash = head.Hash } : null,
        fault = verdict.Fault is { } fault ? new { row = fault.Row, kind = fault.KindName, sentence = fault.Message } : null,
        againstHead = verdict.AgainstHead, keys = verdict.KeyMessage, tail = verdict.TailMessage,
    }, JsonSerializerOptions.Web) + "\n";
}
