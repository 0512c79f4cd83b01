using System.Data.Common;
using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Findings;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Findings.Stored;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace ConntrackConsole.Components.Pages;

/// <summary>
/// One finding: its packet path, evidence, remedies, and the commands that show the same. A link to one that has ended still opens it, from
/// the stored frames of its time.
/// </summary>
public sealed partial class FindingPage : ComponentBase
{
    private const int MaxClients = 20;
    private const int MaxNodes = 6;
    private const int MaxGaps = 10;

    // Around the time at which the audit log has it.
    private const long BeforeMs = 60_000;
    private const long AfterMs = 900_000;

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _end = new();
    private PageRefresher? _refresher;
    private IDisposable? _subscription;
    private WindowFindings? _findings;
    private (long FromMs, long ToMs)? _window;
    private ObservedFinding? _observed;
    private string? _blocked;
    private string _timeline = "/";
    private bool _isLoading = true, _isGone, _isAuditRead;

    [Inject] private FindingMonitor Monitor { get; set; } = null!;

    [Inject] private StoredFindings Stored { get; set; } = null!;

    [Inject] private AuditLog Audit { get; set; } = null!;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private TimelineStore Store { get; set; } = null!;

    [Inject] private CurrentUser CurrentUser { get; set; } = null!;

    [Inject] private NavigationManager Nav { get; set; } = null!;

    [Inject] private Visibility Visibility { get; set; } = null!;

    [Inject] private IDialogService Dialogs { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    /// <summary>The finding's id.</summary>
    [Parameter] public string Id { get; set; } = "";

    /// <summary>The viewer's time zone.</summary>
    [CascadingParameter] public ViewerClock Viewer { get; set; } = ViewerClock.Utc;

    private long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    protected override void OnInitialized()
    {
        var query = UrlQuery.Of(Nav.Uri);
        if (query.Time("from") is { } from && query.Time("to") is { } to && to > from)
            _window = (from, to);
        _findings = new WindowFindings(Monitor, Stored, Clock);
        _refresher = new PageRefresher(RefreshInterval, Clock, Visibility, RefreshAsync);
        _subscription = Monitor.Subscribe(_refresher.Request);
        _refresher.Start();
    }

    // Runs outside the circuit's thread.
    private async Task RefreshAsync(CancellationToken ct)
    {
        try
        {
            var (found, isLoading) = await FindAsync(ct);
            var principal = await CurrentUser.RecentAsync(ct);
            string? blocked = CurrentUser.DisabledReason(principal) ?? FlushBlock.Reason(Cluster, Store.Nodes(), NowMs);
            await InvokeAsync(() => Show(found, isLoading, blocked));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private async Task<(ObservedFinding? Found, bool IsLoading)> FindAsync(CancellationToken ct)
    {
        if (_window is not { } window)
        {
            var live = _findings!.Live;
            if (Find(live, Id) is { } current)
                return (current, false);
            if (_observed is not null || _isAuditRead)
                return (null, false);
            if (live.ToMs == 0)
                return (null, true); // The first round is not over.
            if (await OpenedAsync(ct) is not { } opened)
                return (null, false);
            _window = window = opened;
        }

        var report = _findings!.Of(window.FromMs, window.ToMs, _refresher!.RequestNow, _end.Token);
        return (report is null ? null : Find(report, Id), report is null);
    }

    // The window of a finding that has ended, by the row that the audit log has of it.
    private async Task<(long FromMs, long ToMs)?> OpenedAsync(CancellationToken ct)
    {
        _isAuditRead = true;
        try
        {
            var rows = await Audit.ReadAsync(new AuditFilter(What: FindingAudit.Opened, ActionId: Id, Limit: 1), ct);
            return rows.Count == 0 ? null : ((FindingAudit.Parse(rows[0])?.SinceMs ?? rows[0].At.ToUnixTimeMilliseconds()) - BeforeMs, rows[0].At.ToUnixTimeMilliseconds() + AfterMs);
        }
        catch (DbException)
        {
            _isAuditRead = false; // Busy or full: the next refresh reads it.
            return null;
        }
    }

    private static ObservedFinding? Find(FindingReport report, string id) => report.Findings.Concat(report.Warnings).FirstOrDefault(finding => finding.Id == id);

    private void Show(ObservedFinding? found, bool isLoading, string? blocked)
    {
        // One that has ended remains on the page.
        (_isGone, _observed) = (found is null && _observed is not null && !isLoading, found ?? _observed);
        _isLoading = isLoading && _observed is null;
        _blocked = blocked ?? (_isGone ? "It is not found in the last minutes any more." : _window is not null ? "This range is over: open the live page to act." : null);
        _timeline = Link(_observed is { } shown ? FindingLink.Timeline(shown) ?? "/" : "/");
        StateHasChanged();
    }

    // Each of them has entries of its own.
    private static string Elsewhere(ObservedFinding observed, string node) =>
        observed.Nodes.Where(other => other != node).ToList() is { Count: > 0 } others ? $", and the same on {TextSummary.List(others, MaxNodes)}" : "";

    private static List<RemedyButton> Buttons(ObservedFinding observed)
    {
        var buttons = new List<RemedyButton>();
        foreach (var remedy in observed.Finding.Remedies)
        {
            if (FlushTarget.Of(remedy, observed.Subject) is { } flush)
                buttons.Add(new RemedyButton(FindingCards.Flush(flush), flush, null));
            else if (remedy is { Action: RemedyAction.SetSetting, Setting: { } key } && SettingCatalog.Find(key) is not null)
                buttons.Add(new RemedyButton(remedy.Value is { } value ? $"Set {SettingText.Short(key)} to {value}…" : $"Raise {SettingText.Short(key)}…", null, new SettingTarget(key, remedy.Value)));
        }

        return buttons;
    }

    private string Link(string href) => Viewer.Local ? $"{href}{(href.Contains('?', StringComparison.Ordinal) ? '&' : '?')}tz=local" : href;

    public async ValueTask DisposeAsync()
    {
        _subscription?.Dispose();
        await _end.CancelAsync();
        if (_refresher is not null)
            await _refresher.DisposeAsync();
        _end.Dispose();
    }
}
