using Bunit;
using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Components.Dialogs;
using ConntrackConsole.Identity;
using ConntrackConsole.Wire;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using Xunit;
using static ConntrackConsole.Tests.Components.Controls.Actions.ActionRecords;

namespace ConntrackConsole.Tests.Components.Dialogs;

public sealed class SettingDialogTests : IAsyncDisposable
{
    private readonly ConsolePages _console = new();
    private readonly ScriptedActions _actions = new();
    private IRenderedComponent<MudDialogProvider> _dialogs = null!;
    private IRenderedComponent<MudPopoverProvider> _lists = null!;

    public SettingDialogTests()
    {
        _console.Scripted = _actions;
        _console.AddDeadPod();
        Report("node-a", "0");
        Report("node-b", "1");
    }

    [Fact]
    public async Task Form_ShowsMeaningTrapAndCurrentValues()
    {
        await OpenAsync(SettingCatalog.BeLiberal, "1", "node-a");

        Assert.Contains("outside the window", Find("setting-about").TextContent, StringComparison.Ordinal);
        Assert.Contains("kube-proxy in iptables mode installs its rule", Find("setting-about").TextContent, StringComparison.Ordinal);
        Assert.Contains("now 0", _dialogs.Find("[data-testid=node-option][data-node=node-a]").TextContent, StringComparison.Ordinal);
        Assert.Contains("now 1", _dialogs.Find("[data-testid=node-option][data-node=node-b]").TextContent, StringComparison.Ordinal);
        Assert.Equal("true", Find("value-1").GetAttribute("aria-checked"));
    }

    [Fact]
    public async Task Form_Incomplete_CannotPreview()
    {
        await OpenAsync(SettingCatalog.Max, null);

        Assert.True(Find("look").HasAttribute("disabled"));
        Assert.Empty(_actions.Requested);
    }

    [Fact]
    public async Task Form_NumberOutOfRange_ShowsTheRange()
    {
        await OpenAsync(SettingCatalog.Max, null, "node-a");

        await TypeAsync("setting-value", "12");

        Assert.Contains("from 1024", Find("setting-off").TextContent, StringComparison.Ordinal);
        Assert.True(Find("look").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Form_RevertTimes_AreLimitedByTheSetting()
    {
        await OpenAsync("net.netfilter.nf_conntrack_log_invalid", "6", "node-a");

        Assert.Equal(["1 min"], await _dialogs.OptionsAsync<long>(_lists, "revert-after"));
    }

    [Fact]
    public async Task OneNode_IsConfirmedWithOneClick()
    {
        _actions.OnRequest = request => ActionAnswer.Of(Setting(nodes: [.. request.Nodes]));
        _actions.OnConfirm = record => ActionAnswer.Of(Applied(nodes: "node-a"));
        await OpenAsync(SettingCatalog.BeLiberal, "1", "node-a");

        await ClickAsync("look");
        Assert.Contains("0 → 1", _dialogs.Find("[data-testid=reading][data-node=node-a]").TextContent, StringComparison.Ordinal);
        Assert.True(Find("confirm").HasAttribute("disabled"));
        await TypeAsync("reason", "clients reset");
        await ClickAsync("confirm");

        Assert.Equal((SettingCatalog.BeLiberal, "1", 1_800_000L), _actions.Requested[0] is var request ? (request.Key!, request.Value!, request.RevertAfterMs!.Value) : default);
        Assert.Equal([("d-setting-1", null, "clients reset")], _actions.Confirmed);
        Assert.Equal("Written", _dialogs.Find("[data-testid=outcome-node]").GetAttribute("data-outcome"));
        Assert.Equal("in 5 min 00 s", Find("revert-countdown").TextContent);
        _console.Clock.Advance(TimeSpan.FromSeconds(2));
        _dialogs.WaitForAssertion(() => Assert.Equal("in 4 min 58 s", Find("revert-countdown").TextContent));
        Assert.Contains("conntrack.tcpBeLiberal: true", Find("lasting").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralNodes_NeedTheirNumberTyped()
    {
        _actions.OnRequest = request => ActionAnswer.Of(Setting(verdict: new GuardVerdict(GuardDecision.NeedsConfirmation, "It is changed on 2 nodes.", "2"), nodes: [.. request.Nodes]));
        await OpenAsync(SettingCatalog.BeLiberal, "1", "node-b", "node-a");

        Assert.Contains("Applied to node-a first", Find("canary").TextContent, StringComparison.Ordinal);
        await ClickAsync("look");
        Assert.Equal(["node-a", "node-b"], _actions.Requested[0].Nodes);
        await TypeAsync("reason", "clients reset");
        Assert.True(Find("confirm").HasAttribute("disabled"));
        await TypeAsync("typed-confirm", "2");
        await ClickAsync("confirm");

        Assert.Equal("2", Assert.Single(_actions.Confirmed).Typed);
    }

    [Fact]
    public async Task Preview_OptionChanged_IsCancelled()
    {
        _actions.OnRequest = request => ActionAnswer.Of(Setting(nodes: [.. request.Nodes]));
        await OpenAsync(SettingCatalog.BeLiberal, "1", "node-a");
        await ClickAsync("look");

        await ClickAsync("value-0");

        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
        Assert.Equal(["setting-1"], _actions.Cancelled);
    }

    [Fact]
    public async Task Refused_ShowsTheReason()
    {
        _actions.OnRequest = _ => ActionAnswer.No(RefusalKind.Guard, "node.collector_outdated", "The collector of node-a is older than this command: install the console's version there.");
        await OpenAsync(SettingCatalog.BeLiberal, "1", "node-a");

        await ClickAsync("look");

        Assert.Contains("is older than this command", Find("verdict").TextContent, StringComparison.Ordinal);
        Assert.Empty(_dialogs.FindAll("[data-testid=confirm]"));
    }

    [Fact]
    public async Task Viewer_CannotPreview()
    {
        _console.Principal = _console.Principal! with { Role = Role.Viewer };
        await OpenAsync(SettingCatalog.BeLiberal, "1", "node-a");

        Assert.Contains("is read-only", Find("setting-off").TextContent, StringComparison.Ordinal);
        Assert.True(Find("look").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Filter_OffIsNotOffered()
    {
        await OpenAsync(SettingCatalog.DropInvalid, null, "node-a");

        Assert.Empty(_dialogs.FindAll("[data-testid=value-off]"));
        Assert.Single(_dialogs.FindAll("[data-testid=value-forward]"));
    }

    /// <summary>The collector reports the filter only once it has been on: its preview reads it.</summary>
    [Fact]
    public async Task Filter_ThatNoNodeHasReported_IsReadByThePreview()
    {
        await OpenAsync(SettingCatalog.DropInvalid, null, "node-a");

        string node = _dialogs.Find("[data-testid=node-option][data-node=node-a]").TextContent;
        Assert.Contains("the preview reads its value", node, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown", node, StringComparison.Ordinal);
    }

    private AngleSharp.Dom.IElement Find(string id) => _dialogs.Find($"[data-testid={id}]");

    private Task ClickAsync(string id) => _dialogs.ClickAsync(id);

    private Task TypeAsync(string id, string text) => Find(id).InputAsync(new ChangeEventArgs { Value = text });

    private void Report(string node, string value)
    {
        _console.Store.Connected(new Hello(node, "0.1.0", "boot", "6.12", _console.NowMs - 1000, [], new Dictionary<string, string>()));
        var frame = new NodeFrame { Sequence = 10, AtMs = _console.NowMs, IsKey = true };
        frame.Settings.Add(new SettingChange(_console.NowMs, SettingCatalog.BeLiberal, "", value));
        _console.Store.Apply(node, 1, frame);
        _console.Cluster.Apply([new NodeChange(new NodeInfo("n-" + node, node, true, []), false)]);
    }

    private async Task OpenAsync(string key, string? value, params string[] nodes)
    {
        _lists = _console.Context.Render<MudPopoverProvider>();
        _dialogs = _console.Context.Render<MudDialogProvider>();
        var service = _console.Context.Services.GetRequiredService<IDialogService>();
        await _dialogs.InvokeAsync(() => service.ShowAsync<SettingDialog>(
            "Change", new DialogParameters<SettingDialog> { { d => d.Key, key }, { d => d.Value, value }, { d => d.Nodes, nodes } }));
        _dialogs.WaitForElement("[data-testid=node-option]");
    }

    public ValueTask DisposeAsync() => _console.DisposeAsync();
}
