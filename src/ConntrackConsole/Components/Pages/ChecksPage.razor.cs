using ConntrackConsole.Checks.Model;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.State.Urls;
using ConntrackConsole.Components.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace ConntrackConsole.Components.Pages;

/// <summary>Check results of nodes, Services and the cluster, grouped by state.</summary>
public sealed partial class ChecksPage
{
    // More unknown results than this are collapsed, so that they do not hide problems.
    private const int MaxExpandedUnknown = 30;

    private readonly Dictionary<CheckState, List<CheckResult>> _rows = [];
    private readonly Dictionary<CheckState, int> _counts = [];
    private CheckReport _report = CheckReport.None;
    private ChecksUrl _url = ChecksUrl.Everything;
    private List<string> _namespaces = [], _services = [], _nodes = [];
    private CheckResult? _selected;
    private IDisposable? _subscription;
    private int _shown;

    [CascadingParameter] public ViewerClock Viewer { get; set; } = ViewerClock.Utc;

    private string Headline => _report.AtMs == 0 ? "Checks"
        : (_counts[CheckState.Bad], _counts[CheckState.Warning]) switch
        {
            (0, 0) => _shown == 0 ? "Checks" : "No problems found.",
            (0, var warnings) => $"{DisplayText.Count(warnings, "warning")}, no bad checks.",
            (var bad, 0) => $"{DisplayText.Count(bad, "check")} {(bad == 1 ? "is" : "are")} bad.",
            var (bad, warnings) => $"{DisplayText.Count(bad, "check")} {(bad == 1 ? "is" : "are")} bad, {DisplayText.Count(warnings, "warning")}.",
        };

    private string Summary
    {
        get
        {
            if (_report.AtMs == 0)
                return "";
            long ageMs = Clock.GetUtcNow().ToUnixTimeMilliseconds() - _report.AtMs;
            return ageMs > 30_000
                ? $"The checks were last evaluated {DisplayText.Ago(ageMs)}: see the console's log."
                : $"{DisplayText.Count(_shown, "check")} of {DisplayText.Count(_nodes.Count, "node")} and {DisplayText.Count(_services.Count, "Service")}, evaluated every two seconds.";
        }
    }

    private string Memory
    {
        get
        {
            var memory = Store.Memory;
            long minutes = (Clock.GetUtcNow().ToUnixTimeMilliseconds() - memory.FromMs) / 60_000;
            string used = memory.Bytes < 1 << 20 ? "less than 1" : $"{memory.Bytes >> 20}";
            return $"Memory keeps {minutes} min of history at most, and has {used} of {memory.MaxBytes >> 20} MiB (Storage:MemoryMiB).";
        }
    }

    protected override void OnInitialized()
    {
        _url = ChecksUrl.Parse(Nav.Uri);
        Update();
        _subscription = Scheduler.Subscribe(Wake);
        Visibility.Shown += Wake;
        Nav.LocationChanged += OnLocationChanged;
        Keyboard.Pressed += OnKeyAsync;
    }

    private void Wake()
    {
        if (Visibility.IsHidden)
            return;
        _ = InvokeAsync(() =>
        {
            Update();
            StateHasChanged();
        });
    }

    private void OnLocationChanged(object? sender, LocationChangedEventArgs e) => _ = InvokeAsync(() =>
    {
        if (!Nav.ToBaseRelativePath(e.Location).StartsWith("checks", StringComparison.Ordinal))
            return;
        _url = ChecksUrl.Parse(e.Location);
        Update();
        StateHasChanged();
    });

    private Task OnKeyAsync(string key)
    {
        if (key == "Escape" && _url.Check is not null)
            Filter(_url with { Check = null });
        return Task.CompletedTask;
    }

    private void Update()
    {
        var report = Scheduler.Current;
        if (!ReferenceEquals(report, _report))
        {
            _report = report;
            _namespaces = Names(SubjectKind.Service, s => s.Namespace);
            _services = Names(SubjectKind.Service, s => s.ToString());
            _nodes = Names(SubjectKind.Node, s => s.Name);
        }

        foreach (var state in CheckFormatter.Order)
            _rows[state] = [];
        _selected = null;
        foreach (var result in report.Results)
        {
            if (_url.Shows(result.Subject))
                _rows[result.State].Add(result);
            if (_url.Check is not null && result.Key == _url.Check)
                _selected = result;
        }

        foreach (var (state, rows) in _rows)
            _counts[state] = rows.Count;
        _shown = _counts.Values.Sum();
    }

    private List<string> Names(SubjectKind kind, Func<CheckSubject, string> name) =>
        [.. _report.Results.Where(r => r.Subject.Kind == kind).Select(r => name(r.Subject)).Distinct().Order(StringComparer.Ordinal)];

    private bool IsOpen(CheckState state) => _url.Open is { } open
        ? open.Split(',').Contains(CheckFormatter.Id(state))
        : state == CheckState.InsufficientData && _counts[state] <= MaxExpandedUnknown;

    private void Toggle(CheckState state)
    {
        var open = CheckFormatter.Order.Where(s => s != state ? IsOpen(s) : !IsOpen(s)).Select(CheckFormatter.Id).ToList();
        Filter(_url with { Open = open.Count > 0 ? string.Join(',', open) : "none" });
    }

    private void Filter(ChecksUrl url) =>
        Nav.NavigateTo(Nav.GetUriWithQueryParameters(Nav.Uri.Split('?')[0], url.ToQuery(Viewer.Local)), replace: true);

    private Task<IEnumerable<string>> SearchAsync(string? typed, CancellationToken ct) =>
        Task.FromResult(_services.Where(service => service.Contains(typed?.Trim() ?? "", StringComparison.OrdinalIgnoreCase)));

    private static string? Trimmed(string? text) => text?.Trim() is { Length: > 0 } trimmed ? trimmed : null;

    private static string NameOfAll(string? value) => value is { Length: > 0 } ? value : "all";

    public void Dispose()
    {
        Visibility.Shown -= Wake;
        _subscription?.Dispose();
        Nav.LocationChanged -= OnLocationChanged;
        Keyboard.Pressed -= OnKeyAsync;
    }
}
