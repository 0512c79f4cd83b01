using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Actions;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>Previews a flush of an address and confirms it.</summary>
public sealed partial class FlushDialog : ActionDialog
{
    private static readonly TimeSpan ChoiceDebounce = TimeSpan.FromMilliseconds(300);

    private readonly Dictionary<string, ScopeOption> _knownServices = [];
    private IReadOnlyList<ScopeOption> _services = [];
    private IReadOnlyList<NodeOption> _nodes = [];
    private HashSet<string> _chosen = new HashSet<string>();
    private FlushPreset? _preset;
    private string? _service, _proto;
    private bool _breakGlass;
    private int _choiceCount;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private TimelineStore Timeline { get; set; } = null!;

    [Parameter, EditorRequired] public string PodIp { get; set; } = "";

    /// <summary>The Service that is chosen at first; null = all entries of the address.</summary>
    [Parameter] public FlushScope? Scope { get; set; }

    // Without a choice of the user, the preset that the guards chose.
    private FlushPreset Preset => _preset ?? Record?.Plan.Request.Preset
        ?? FlushGuard.DefaultPreset(Ip.TryParse(PodIp, out var ip) ? Cluster.Current.OwnerOf(ip).State : OwnerState.Unknown);

    private Color ConfirmColor => Plan is not { Verdict.Decision: GuardDecision.Allow } || _breakGlass ? Color.Error : Color.Primary;

    private string ConfirmText => IsSubmitting ? "Flushing…"
        : Plan is not { } plan ? "Flush"
        : plan.Verdict.Decision == GuardDecision.NeedsApproval ? "Request approval"
        : $"Flush {DisplayText.Count(plan.Entries, "entry", "entries")}";

    protected override async Task OnInitializedAsync()
    {
        await base.OnInitializedAsync();
        _nodes = NodeOption.Read(Timeline.Nodes(), Cluster.Current.Nodes.Keys, NowMs);
        _chosen = ReachableNodes();
        if (Scope is { Vip: not null, VipPort: not null } scope)
        {
            var option = ScopeOption.Of(scope, Cluster.Current);
            _knownServices[option.Id] = option;
            _service = option.Id;
        }

        // At a Service's own address only untranslated entries of one port can be flushed: one is always chosen.
        if (Ip.TryParse(PodIp, out var ip) && Cluster.Current.OwnerOf(ip).State == OwnerState.Service)
        {
            foreach (var option in ScopeOption.AtService(Cluster.Current, ip))
            {
                _service ??= option.Id;
                _knownServices.TryAdd(option.Id, option);
            }
        }

        await RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        await RefreshAsync(Request());
        // If the guards refuse without a scope, the user can choose one that they allow.
        var offered = OfferedScopes.Select(scope => ScopeOption.Of(scope, Cluster.Current));
        foreach (var option in ScopeOption.Among(Record?.Plan.Previews ?? [], PodIp, Cluster.Current).Concat(offered))
            _knownServices.TryAdd(option.Id, option);
        _services = [.. _knownServices.Values.OrderBy(option => option.Name, StringComparer.Ordinal)];
    }

    // Debounced: each preview queries every node.
    private async Task ChooseAsync(Action choose)
    {
        choose();
        ClearPreview();
        int choice = ++_choiceCount;
        await Task.Delay(ChoiceDebounce, Clock);
        if (choice == _choiceCount)
            await RefreshAsync();
    }

    private ActionRequest Request() => new(ActionKind.Flush)
    {
        PodIp = PodIp, Preset = _preset, BreakGlass = _breakGlass,
        Scope = _service is { } id && _knownServices.GetValueOrDefault(id) is { } option ? option.Scope : _proto is { } proto ? new FlushScope(proto, null, null) : null,
        // An empty list means all nodes. If the user excludes some, unreachable nodes stay in the list so that the plan reports them.
        Nodes = _chosen.SetEquals(ReachableNodes()) ? [] : [.. _nodes.Where(node => node.CannotAct is not null || _chosen.Contains(node.Name)).Select(node => node.Name)],
    };

    private HashSet<string> ReachableNodes() => _nodes.Where(node => node.CannotAct is null).Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
}
