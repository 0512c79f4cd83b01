using System.CommandLine;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Hosting;
using ConntrackConsole.Storage.Address;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Cli;

/// <summary>audit verify: checks the audit chain of a database without changing it; works on a copy, or while the console is running.</summary>
internal static class AuditCommand
{
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
        string file = DatabaseAddress.FileOf(storage.ConnectionString);
        if (!File.Exists(file))
            throw new StartupException(StartupErrorCodes.DatabaseMissing, $"There is no database {file}: set {ConfigurationKeys.DataDirectory} or {ConfigurationKeys.ConnectionString}.");
        var keys = services.GetRequiredService<IOptions<AuditOptions>>().Value.ReadKeys(storage.DataDirectory);
        var verdict = AuditVerifier.VerifyFile(storage.ConnectionString, file, new AuditKeys(keys), head);
        output.Write(json ? Json(verdict) : Text(verdict, file));
        return verdict.IsIntact ? 0 : ConsoleCommands.Failed;
    }

    private static string Text(AuditVerdict verdict, string file)
    {
        var text = new StringBuilder();
        text.AppendLine($"{file}: {verdict.Rows} rows checked.");
        text.AppendLine(verdict.KeyMessage);
        text.AppendLine(verdict.Fault is { } fault
            ? $"BROKEN at row {fault.Row} ({fault.KindName}): {fault.Message} [{fault.Code}]"
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
        fault = verdict.Fault is { } fault ? new { row = fault.Row, kind = fault.KindName, code = fault.Code, sentence = fault.Message } : null,
        againstHead = verdict.AgainstHead, keys = verdict.KeyMessage, tail = verdict.TailMessage,
    }, JsonSerializerOptions.Web) + "\n";
}
