using System.Collections.Immutable;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Actions;
using ConntrackConsole.Components.State;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Nodes;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>Changes a setting of the closed list on chosen nodes, for a time.</summary>
public sealed partial class SettingDialog : ActionDialog
{
    private SettingKind _kind = SettingCatalog.All[0];
    private IReadOnlyList<NodeOption> _nodes = [];
    private IReadOnlyDictionary<string, NodeFacts> _facts = ImmutableDictionary<string, NodeFacts>.Empty;
    private HashSet<string> _chosen = new HashSet<string>();
    private string? _value;
    private long _revertMs;
    private bool _breakGlass;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private TimelineStore Timeline { get; set; } = null!;

    /// <summary>The setting to begin with; null: the first of the list.</summary>
    [Parameter] public string? Key { get; set; }

    [Parameter] public string? Value { get; set; }

    [Parameter] public IReadOnlyList<string> Nodes { get; set; } = [];

    // The filter is taken away by reverting, so its "off" is no choice here.
    private IReadOnlyList<string> Choices => _kind.Key == SettingCatalog.DropInvalid ? [.. _kind.Values.Where(v => v != SettingCatalog.Off)] : _kind.Values;

    private List<string> Ordered => [.. _chosen.Order(StringComparer.Ordinal)];

    private string? Off => CurrentUser.Off(Principal) ?? (_value is { Length: > 0 } value ? _kind.Refuse(value)?.Message : null);

    private bool Complete => Off is null && _value is { Length: > 0 } && _chosen.Count > 0;

    private string ConfirmWords => Working ? "Changing…"
        : Plan!.Verdict.Decision == GuardDecision.NeedsApproval ? "Ask a second person"
        : $"Set it to {Plan.Request.Value} on {DisplayText.Count(Plan.Readings.Count, "node")}";

    protected override async Task OnInitializedAsync()
    {
        await base.OnInitializedAsync();
        _nodes = NodeOption.Read(Timeline.Nodes(), Cluster.Current.Nodes.Keys, NowMs);
        _facts = Timeline.Facts(ImmutableDictionary<Ip, long>.Empty).Nodes;
        var able = _nodes.Where(node => node.CannotAct is null).Select(node => node.Name).ToList();
        _chosen = (Nodes.Count > 0 ? able.Intersect(Nodes) : able.Count == 1 ? able : []).ToHashSet(StringComparer.Ordinal);
        Begin(SettingCatalog.Find(Key) ?? _kind, Value);
    }

    private void Begin(SettingKind kind, string? value)
    {
        (_kind, _value) = (kind, value);
        _revertMs = SettingGuard.DefaultRevertAfterMs(kind);
        if (_value is null && Choices.Count == 1)
            _value = Choices[0];
    }

    private void ChooseKind(string? key)
    {
        Forget();
        Begin(SettingCatalog.Find(key) ?? _kind, null);
    }

    // What was shown holds for what was chosen then.
    private void Choose(Action choose)
    {
        Forget();
        choose();
    }

    private Task RefreshAsync() => RefreshAsync(new ActionRequest(ActionKind.Setting)
    {
        Key = _kind.Key, Value = _value, RevertAfterMs = _revertMs, Nodes = Ordered, BreakGlass = _breakGlass,
    });

    private string? Present(string node) =>
        _facts.GetValueOrDefault(node)?.Settings.TryGetValue(_kind.Key, out var fact) == true ? $"now {fact.Value}" : "now not told";
}
