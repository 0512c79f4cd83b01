using System.Text;
using System.Text.Json;
using ConntrackConsole.Configuration;
using Microsoft.Data.Sqlite;

namespace ConntrackConsole.Audit;

/// <summary>conntrack-console audit verify: walks the chain of a database that it does not change, beside a running console or of a copy.</summary>
public static class AuditCommand
{
    public const int Whole = 0;
    public const int Broken = 1;

    private const string Usage = "Usage: conntrack-console audit verify [--head N:HASH] [--json] [--KEY=VALUE ...]";

    // SQLite's primary result codes (sqlite3.h).
    private const int Error = 1;
    private const int ReadOnly = 8;
    private const int NotADatabase = 26;
    private const int CantOpen = 14;

    /// <param name="args">Behind "audit".</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="StartFault">Wrong use.</exception>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Func<CommandLine, ConsoleSettings> settingsOf, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(settingsOf);
        ArgumentNullException.ThrowIfNull(output);
        if (args.Count == 0)
            throw new StartFault($"Say what to do with the audit log. {Usage}");
        if (args[0] is not ("verify" or "--help" or "-h"))
            throw new StartFault($"Unknown command 'audit {args[0]}'. {Usage}");
        var (head, json, rest) = Parse([.. args.SkipWhile(a => a == "verify")]);
        var line = CommandLine.Parse(rest);
        if (line.Help)
        {
            await output.WriteLineAsync(Usage);
            return Whole;
        }

        var settings = settingsOf(line);
        string file = new SqliteConnectionStringBuilder(settings.Storage.ConnectionString).DataSource;
        if (!File.Exists(file))
            throw new StartFault($"There is no database {file}: set {Setting.DataDirectory} or {Setting.ConnectionString}.");
        var verdict = Verify(settings.Storage.ConnectionString, file, new AuditKeys(settings.Audit.Keys), head);
        await output.WriteAsync(json ? Json(verdict) : Words(verdict, file));
        return verdict.IsWhole ? Whole : Broken;
    }

    private static (AuditHead? Head, bool Json, List<string> Others) Parse(string[] args)
    {
        AuditHead? head = null;
        bool json = false;
        var rest = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] is "--json")
                json = true;
            else if (args[i] is "--head" || args[i].StartsWith("--head=", StringComparison.Ordinal))
                head = AuditHead.Parse(args[i] is "--head" ? args.ElementAtOrDefault(++i) : args[i][7..]) ?? throw new StartFault($"--head is {AuditHead.Form}.");
            else
                rest.Add(args[i]);
        }

        return (head, json, rest);
    }

    private static AuditVerdict Verify(string connectionString, string file, AuditKeys keys, AuditHead? head)
    {
        try
        {
            return Verify(new SqliteConnectionStringBuilder(connectionString) { Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString(), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly && !File.Exists(file + "-wal"))
        {
            // A copy in a place where nothing can be written: SQLite wants its log beside it, unless nobody else can write.
            string uri = $"file:{string.Join('/', Path.GetFullPath(file).Split('/').Select(Uri.EscapeDataString))}?immutable=1";
            return Verify(new SqliteConnectionStringBuilder { DataSource = uri, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString(), keys, head);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Error)
        {
            throw new StartFault($"The database {file} has no audit chain (SQLite says: {e.Message.TrimEnd('.')}): start this version of conntrack-console on it once, or name the right file.");
        }
        catch (SqliteException e) when (e.SqliteErrorCode is CantOpen or ReadOnly or NotADatabase)
        {
            throw new StartFault($"The database {file} cannot be read (SQLite says: {e.Message.TrimEnd('.')}): check the file and its rights.");
        }
    }

    private static AuditVerdict Verify(string connectionString, AuditKeys keys, AuditHead? head)
    {
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        return AuditVerifier.Verify(connection, keys, head);
    }

    private static string Words(AuditVerdict verdict, string file)
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
