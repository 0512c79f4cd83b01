using System.CommandLine;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Cli;

/// <summary>audit verify: checks the chain of a database without changing it, beside a running console or of a copy.</summary>
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
            Description = $"The last row and its hash, {AuditHead.Form}: only against it rows that were cut off at the end are found.",
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
            "verify", "Check that no row of the audit log was changed, removed, re-ordered or inserted. Exit codes: 0 intact, 1 broken, 2 wrong use.") { head, json };
        verify.SetAction(result => Run(keys.Values(result), result.GetValue(head), result.GetValue(json), result.InvocationConfiguration.Output));
        return new Command("audit", "The audit log; conntrack-console audit verify [--head N:HASH] [--json] checks it.") { verify };
    }

    private static int Run(IReadOnlyDictionary<string, string?> values, AuditHead? head, bool json, TextWriter output)
    {
        using var services = ConsoleApplication.CreateBuilder(values).Configuration.BuildOptions();
        var storage = services.GetRequiredService<IOptions<StorageOptions>>().Value;
        string file = new SqliteConnectionStringBuilder(storage.ConnectionString).DataSource;
        if (!File.Exists(file))
            throw new StartupException($"There is no database {file}: set {ConfigurationKeys.DataDirectory} or {ConfigurationKeys.ConnectionString}.");
        var keys = services.GetRequiredService<IOptions<AuditOptions>>().Value.ReadKeys(storage.DataDirectory);
        var verdict = Verify(storage.ConnectionString, file, new AuditKeys(keys), head);
        output.Write(json ? Json(verdict) : Text(verdict, file));
        return verdict.IsWhole ? 0 : ConsoleCommands.Failed;
    }

    private static AuditVerdict Verify(string connectionString, string file, AuditKeys keys, AuditHead? head)
    {
        try
        {
            return Verify(new SqliteConnectionStringBuilder(connectionString) { Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString(), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly && !File.Exists(file + "-wal"))
        {
            // A copy in a place where nothing can be written: SQLite wants its log beside it, unless the file cannot change.
            string uri = $"file:{string.Join('/', Path.GetFullPath(file).Split('/').Select(Uri.EscapeDataString))}?immutable=1";
            return Verify(new SqliteConnectionStringBuilder { DataSource = uri, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString(), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Error)
        {
            throw new StartupException($"The database {file} has no audit chain (SQLite: {e.Message.TrimEnd('.')}): start this version of conntrack-console on it once, or name the right file.");
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly or NotADatabase)
        {
            throw new StartupException($"The database {file} cannot be read (SQLite: {e.Message.TrimEnd('.')}): check the file and its permissions.");
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
        text.AppendLine(verdict.KeySentence);
        text.AppendLine(verdict.Fault is { } fault
            ? $"BROKEN at row {fault.Row} ({fault.KindName}): {fault.Sentence}"
            : "Whole: no row was changed, removed, re-ordered or put in.");
        if (verdict.Head is { } head)
            text.AppendLine($"{(verdict.IsWhole ? "Head" : "Last sound row")}: {head}");
        text.AppendLine(verdict.TailSentence);
        return text.ToString();
    }

    private static string Json(AuditVerdict verdict) => JsonSerializer.Serialize(new
    {
        whole = verdict.IsWhole, rows = verdict.Rows, keyed = verdict.Keyed, unkeyed = verdict.Unkeyed, beforeChain = verdict.Earlier,
        head = verdict.Head is { } head ? new { row = head.Row, hash = head.Hash } : null,
        fault = verdict.Fault is { } fault ? new { row = fault.Row, kind = fault.KindName, sentence = fault.Sentence } : null,
        againstHead = verdict.AgainstHead, keys = verdict.KeySentence, tail = verdict.TailSentence,
    }, JsonSerializerOptions.Web) + "\n";
}
