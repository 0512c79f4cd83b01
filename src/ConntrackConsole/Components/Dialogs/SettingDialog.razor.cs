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

/// <summary>Changes a setting of <see cref="SettingCatalog"/> on selected nodes; the nodes revert it after a time.</summary>
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

    /// <summary>The preselected setting; null selects the first of the catalog.</summary>
    [Parameter] public string? Key { get; set; }

    [Parameter] public string? Value { get; set; }

    [Parameter] public IReadOnlyList<string> Nodes { get; set; } = [];

    /// <summary>Loads the preview at once if setting, value and nodes are given.</summary>
    [Parameter] public bool IsPreviewed { get; set; }

    // The filter is removed by reverting the change, so "off" is not offered.
    private IReadOnlyList<string> Choices => _kind.Key == SettingCatalog.DropInvalid ? [.. _kind.Values.Where(v => v != SettingCatalog.Off)] : _kind.Values;

    private List<string> Ordered => [.. _chosen.Order(StringComparer.Ordinal)];

    private string? DisabledReason => CurrentUser.DisabledReason(Principal) ?? (_value is { Length: > 0 } value ? _kind.Refuse(value)?.Message : null);

    private bool IsComplete => DisabledReason is null && _value is { Length: > 0 } && _chosen.Count > 0;

    private string ConfirmText => IsSubmitting ? "Changing…"
        : Plan!.Verdict.Decision == GuardDecision.NeedsApproval ? "Request approval"
        : $"Set to {Plan.Request.Value} on {DisplayText.Count(Plan.Readings.Count, "node")}";

    protected override async Task OnInitializedAsync()
    {
        await base.OnInitializedAsync();
        _nodes = NodeOption.Read(Timeline.Nodes(), Cluster.Current.Nodes.Keys, NowMs);
        _facts = Timeline.Facts(ImmutableDictionary<Ip, long>.Empty).Nodes;
        var reachable = _nodes.Where(node => node.CannotAct is null).Select(node => node.Name).ToList();
        _chosen = (Nodes.Count > 0 ? reachable.Intersect(Nodes) : reachable.Count == 1 ? reachable : []).ToHashSet(StringComparer.Ordinal);
        Select(SettingCatalog.Find(Key) ?? _kind, Value);
        if (IsPreviewed && Value is not null && IsComplete)
            await RefreshAsync();
    }

    private void Select(SettingKind kind, string? value)
    {
        (_kind, _value) = (kind, value);
        _revertMs = SettingGuard.DefaultRevertAfterMs(kind);
        if (_value is null && Choices.Count == 1)
            _value = Choices[0];
    }

    private void ChooseKind(string? key)
    {
        ClearPreview();
        Select(SettingCatalog.Find(key) ?? _kind, null);
    }

    // A preview is valid only for the values it was made with.
    private void Choose(Action choose)
    {
        ClearPreview();
        choose();
    }

    private static string NameOfRevert(long ms) => SettingText.RevertAfter.FirstOrDefault(after => after.Ms == ms).Name ?? DisplayText.Duration(ms);

    private Task RefreshAsync() => RefreshAsync(new ActionRequest(ActionKind.Setting)
    {
        Key = _kind.Key, Value = _value, RevertAfterMs = _revertMs, Nodes = Ordered, BreakGlass = _breakGlass,
    });

    private string? CurrentValue(string node) =>
        _facts.GetValueOrDefault(node)?.Settings.TryGetValue(_kind.Key, out var fact) == true ? $"now {fact.Value}" : "the preview reads its value";
}
