using ConntrackConsole.Actions.Guards;
using ConntrackConsole.Actions.Workflow;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Integration.Hosting;
using ConntrackConsole.Wire;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static ConntrackConsole.Tests.Integration.Actions.ActionScene;

namespace ConntrackConsole.Tests.Integration.Actions;

/// <summary>The configuration of actions, from the key to the refusal.</summary>
public sealed class ActionPolicyTests
{
    [Theory]
    [InlineData("confirmation", GuardDecision.NeedsConfirmation, PolicyReasons.ConfirmationRequired)]
    [InlineData("approval", GuardDecision.NeedsApproval, PolicyReasons.ApprovalRequired)]
    [InlineData("refuse", GuardDecision.Refuse, PolicyReasons.Forbidden)]
    public async Task Rule_OfFlushesInANamespace_Tightens(string require, GuardDecision expected, string code)
    {
        await using var scene = await StartAsync(1, "Actions:Policy:0:Action=flush", "Actions:Policy:0:Namespace=shop", "Actions:Policy:0:MoreThan=1", $"Actions:Policy:0:Require={require}");
        var answer = await scene.RequestAsync();
        Assert.Equal(expected, answer.Record!.Plan.Verdict.Decision);
        Assert.Equal(code, answer.Record.Plan.Verdict.Code);
        Assert.Equal(expected == GuardDecision.Refuse, answer.Refusal is not null);

        // The rule matches neither fewer entries nor a setting.
        scene.Entries["node1"] = 1;
        Assert.Equal(GuardDecision.Allow, (await scene.RequestAsync()).Record!.Plan.Verdict.Decision);
        Assert.Equal(GuardDecision.Allow, (await scene.RequestAsync(Setting("node1"))).Record!.Plan.Verdict.Decision);
    }

    [Fact]
    public async Task Rule_OfTheNamespaceOfAServiceOfTheScope_Forbids()
    {
        await using var scene = await StartAsync(1, "Actions:Policy:0:Namespace=payments", "Actions:Policy:0:Require=refuse");
        scene.Host.SetCluster(new ServiceChange(new ServiceInfo("pay", new ServiceKey("payments", "checkout"), [Ip.Parse("10.96.0.30")], [new ServicePort("http", Protocols.Tcp, 80, 0)]), false));
        Assert.Null((await scene.RequestAsync()).Refusal);
        foreach (var scope in (FlushScope[])[new("tcp", "10.96.0.30", 80), new(null, "10.96.0.30", null)])
            Assert.Equal(PolicyReasons.Forbidden, (await scene.RequestAsync(new ActionRequest(ActionKind.Flush) { PodIp = PodIp, Scope = scope })).Refusal?.Code);
    }

    [Fact]
    public async Task Rule_OfASettingByItsShortName_RequiresApproval()
    {
        await using var scene = await StartAsync(1, "Actions:Policy:0:Action=nf_conntrack_tcp_be_liberal", "Actions:Policy:0:Require=approval");
        var plan = await scene.PreviewAsync(Setting("node1"));
        Assert.Equal(ActionState.Waiting, (await scene.ConfirmAsync(plan)).Record!.State);
        Assert.Equal(ActionState.Completed, (await scene.ApproveAsync(plan)).Record!.State);
        Assert.Equal("eve", Assert.IsType<SettingNodeCommand>(Assert.Single(scene.Nodes["node1"].Orders)).Command.ApprovedBy);
    }

    [Theory]
    [InlineData("PerUser", ActionReasons.UserRateLimited)]
    [InlineData("PerNode", ActionReasons.NodeRateLimited)]
    [InlineData("PerCluster", ActionReasons.ClusterRateLimited)]
    public async Task Rate_Reached_IsRefusedUntilTheWindowIsOver(string key, string code)
    {
        await using var scene = await StartAsync(1, $"--Actions:{key}=1");
        await scene.ConfirmAsync(await scene.PreviewAsync());
        var refused = await scene.RequestAsync();
        Assert.Equal(code, refused.Refusal!.Code);
        Assert.Single(scene.Nodes["node1"].Flushes);

        scene.Host.Pass(TimeSpan.FromMinutes(11));
        Assert.Null((await scene.RequestAsync()).Refusal);
    }

    [Fact]
    public async Task Rate_OnlyTheChangeCounts_NotALaterRevert()
    {
        await using var scene = await StartAsync(1, "--Actions:PerUser=1");
        var record = await scene.ChangedAsync("node1");
        scene.Host.Pass(TimeSpan.FromMinutes(11));
        Assert.Null((await scene.Service.RevertAsync(record.Id, "", false, Ada, Ct)).Refusal);
        Assert.Null((await scene.RequestAsync()).Refusal);
    }

    [Fact]
    public async Task ReadOnly_NothingIsPreviewedOrReverted()
    {
        await using var scene = await StartAsync(1);
        var record = await scene.ChangedAsync("node1");
        var waiting = await scene.WaitingAsync();
        await using var second = (await ConsoleHost.StartAsync(scene.Host.Folder, scene.Clock, "--Actions:ReadOnly=true", "--Collectors:Socket=")).App;
        var service = second.Services.GetRequiredService<ActionService>();

        Assert.Equal(ActionReasons.ReadOnly, (await service.RequestAsync(Setting("node1"), Ada, Ct)).Refusal!.Code);
        Assert.Equal(ActionReasons.ReadOnly, (await service.RevertAsync(record.Id, "", false, Ada, Ct)).Refusal!.Code);
        Assert.Equal(ActionReasons.ReadOnly, (await service.ApproveAsync(waiting.Id, waiting.Digest, Eve, Ct)).Refusal!.Code);
        Assert.Single(scene.Nodes["node1"].Orders);
    }
}
