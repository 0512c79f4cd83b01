using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Components.Controls.Actions;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;

namespace ConntrackConsole.Components.Dialogs;

/// <summary>What a flush of an address would delete, and the click that does it.</summary>
public sealed partial class FlushDialog : ActionDialog
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly Dictionary<string, ScopeOption> _seen = [];
    private IReadOnlyList<ScopeOption> _services = [];
    private IReadOnlyList<NodeOption> _nodes = [];
    private HashSet<string> _chosen = new HashSet<string>();
    private FlushPreset? _preset;
    private string? _service, _proto;
    private bool _breakGlass;
    private int _choices;

    [Inject] private ClusterState Cluster { get; set; } = null!;

    [Inject] private TimelineStore Timeline { get; set; } = null!;

    [Parameter, EditorRequired] public string PodIp { get; set; } = "";

    // Where nobody chose, what the desk chose.
    private FlushPreset Preset => _preset ?? Record?.Plan.Request.Preset
        ?? FlushGuard.DefaultPreset(Ip.TryParse(PodIp, out var ip) ? Cluster.Current.OwnerOf(ip).State : OwnerState.Unknown);

    private string ConfirmClass => Plan is not { Verdict.Decision: GuardDecision.Allow } || _breakGlass ? "danger" : "primary";

    private string ConfirmWords => Working ? "Flushing…"
        : Plan is not { } plan ? "Flush"
        : plan.Verdict.Decision == GuardDecision.NeedsApproval ? "Ask a second person"
        : $"Flush {DisplayText.Count(plan.Entries, "entry", "entries")}";

    protected override async Task OnInitializedAsync()
    {
        await base.OnInitializedAsync();
        _nodes = NodeOption.Read(Timeline.Nodes(), Cluster.Current.Nodes.Keys, NowMs);
        _chosen = Able();
        await RefreshAsync();
    }

    private async Task RefreshAsync()
    {
        await RefreshAsync(Ask());
        foreach (var option in ScopeOption.Among(Record?.Plan.Previews ?? [], PodIp, Cluster.Current))
            _seen.TryAdd(option.Id, option);
        _services = [.. _seen.Values.OrderBy(option => option.Name, StringComparer.Ordinal)];
    }

    // A few clicks after each other are one question: each asks every node.
    private async Task ChooseAsync(Action choose)
    {
        choose();
        Forget();
        int choice = ++_choices;
        await Task.Delay(Pause, Clock);
        if (choice == _choices)
            await RefreshAsync();
    }

    private ActionRequest Ask() => new(ActionKind.Flush)
    {
        PodIp = PodIp, Preset = _preset, BreakGlass = _breakGlass,
        Scope = _service is { } id && _seen.GetValueOrDefault(id) is { } option ? option.Scope : _proto is { } proto ? new FlushScope(proto, null, null) : null,
        // None named means all of them. With some left out, those that cannot be asked stay named, so that the plan says so.
        Nodes = _chosen.SetEquals(Able()) ? [] : [.. _nodes.Where(node => node.CannotAct is not null || _chosen.Contains(node.Name)).Select(node => node.Name)],
    };

    private HashSet<string> Able() => _nodes.Where(node => node.CannotAct is null).Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
}
