using System.Text.Json;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Findings.Live;

/// <summary>One audit row when a finding opens, and one when it closes. The rows are also what a restart knows of open findings.</summary>
internal sealed class FindingAudit(AuditLog log)
{
    public const string Opened = "finding.opened";
    public const string Closed = "finding.closed";

    private const string Who = "conntrack-console";
    private const int MaxRows = 4_000;

    /// <summary>The findings that were opened and not closed.</summary>
    public async Task<IReadOnlyList<OpenFinding>> OpenAsync(CancellationToken ct)
    {
        var closed = (await log.ReadAsync(new AuditFilter(What: Closed, Limit: MaxRows), ct)).Select(row => row.ActionId).ToHashSet(StringComparer.Ordinal);
        var opened = await log.ReadAsync(new AuditFilter(What: Opened, Limit: MaxRows), ct);
        return [.. opened.Where(row => !closed.Contains(row.ActionId)).Select(Parse).OfType<OpenFinding>()];
    }

    /// <summary>Writes what changed, in order; what cannot be written is tried again with the next round.</summary>
    public async Task WriteAsync(FindingLog findings, CancellationToken ct)
    {
        while (findings.NextChange() is { } change)
        {
            await log.AppendAsync(Note(change), ct);
            findings.Written();
        }
    }

    private static AuditNote Note(FindingChange change)
    {
        var (code, subject) = change.Identity;
        var finding = change.Finding;
        string target = (finding?.Subject ?? subject).ToString();
        string? details = change.IsOpened
            ? JsonSerializer.Serialize(new OpenedRow(code, subject.Service?.Namespace, subject.Service?.Name, subject.Backend.IsNone ? null : subject.Backend.ToString(), subject.Address?.ToString(), finding!.SinceMs), JsonSerializerOptions.Web)
            : null;
        string why = finding is null ? "It is not derived any more since the console started" : finding.Finding.Mechanism.Title;
        string result = change.IsOpened ? finding!.Finding.Explains.Text : "closed";
        return new AuditNote(
            Who, null, change.IsOpened ? Opened : Closed, finding is null ? null : string.Join(", ", finding.Nodes), target, why, null, details,
            result.Length == 0 ? "open" : result, null, change.Id) { Code = code };
    }

    /// <summary>The finding of a row that opened one; null if the row is of another version.</summary>
    internal static OpenFinding? Parse(AuditEntry row)
    {
        try
        {
            return row.After is { } text && JsonSerializer.Deserialize<OpenedRow>(text, JsonSerializerOptions.Web) is { Code: { } code } opened
                ? new OpenFinding(
                    row.ActionId,
                    new FindingIdentity(code, new FindingSubject(
                        opened.Backend is { } ip && Ip.TryParse(ip, out var backend) ? backend : default,
                        opened is { Namespace: { } ns, Service: { } name } ? new ServiceKey(ns, name) : null,
                        ServiceAddress.TryParse(opened.Address, out var address) ? address : null)),
                    opened.SinceMs)
                : null;
        }
        catch (JsonException)
        {
            return null; // A row of another version.
        }
    }

    private sealed record OpenedRow(string? Code, string? Namespace, string? Service, string? Backend, string? Address, long? SinceMs);
}
