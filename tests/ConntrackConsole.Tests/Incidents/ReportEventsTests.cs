using ConntrackConsole.Audit;
using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Findings;
using ConntrackConsole.Incidents.Records;
using ConntrackConsole.Incidents.Report;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using Xunit;
using static ConntrackConsole.Tests.Incidents.IncidentFixture;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>What happened in a window, in written form.</summary>
public sealed class ReportEventsTests
{
    private static readonly Incident Incident = new("inc-1", "Orders reset", T0 - 600_000, T0 - 60_000, T0, "ada", OpenedVia.Manual)
    {
        Namespace = "shop", Service = "orders", Participants = ["ada"],
        Notes = [new IncidentNote(1, [new NoteVersion(T0 + 1_000, "ada", "first"), new NoteVersion(T0 + 2_000, "bob", "second")])],
        Events = [new PinnedEvent(1, PinnedKind.Resets, null, T0 - 300_000, "200 resets", "ada", T0)],
    };

    [Fact]
    public void Report_HasEverythingInTheOrderInWhichItHappened()
    {
        var report = Report(
            [Finding("orders", T0 - 400_000, T0 - 200_000), Finding("cart", T0 - 400_000, null)],
            [Ended("orders-1", T0 - 410_000), Ended("orders-0", T0 - 700_000)],
            Row(1, T0 - 260_000, "flush.requested"), Row(2, T0 - 259_000, "flush.previewed"), Row(3, T0 - 250_000, "flush.approved"), Row(4, T0 - 249_000, "flush.completed", "Completed: 14 entries deleted"));
        Assert.Equal(
            [ReportEventKind.Termination, ReportEventKind.Finding, ReportEventKind.Pinned, ReportEventKind.Action, ReportEventKind.FindingEnded, ReportEventKind.Opened, ReportEventKind.Note],
            report.Events.Select(happened => happened.Kind));
        var action = report.Events.Single(happened => happened.Kind == ReportEventKind.Action);
        Assert.Equal((T0 - 250_000, "Flush of 10.1.0.5 on node-a", "olivia", "flush-1"), (action.AtMs, action.Title, action.Who, action.Reference));
        Assert.Contains("14 entries deleted", action.Text, StringComparison.Ordinal);
        Assert.Contains("Why: the pod is gone", action.Text, StringComparison.Ordinal);
        var note = report.Events.Single(happened => happened.Kind == ReportEventKind.Note);
        Assert.Equal(("Note 1, edited by bob", "second", "ada"), (note.Title, note.Text, note.Who));
        Assert.Equal(["ada", "olivia"], report.Participants);
        Assert.Equal((1, 1), (report.Findings.Findings.Count, report.OtherFindings));
    }

    /// <summary>What was only requested or refused changed nothing.</summary>
    [Theory]
    [InlineData("flush.requested")]
    [InlineData("flush.refused")]
    [InlineData("setting.cancelled")]
    [InlineData("flush.measured")]
    public void Action_NotExecuted_IsNoEvent(string what) =>
        Assert.DoesNotContain(Report([], [], Row(1, T0 - 100_000, what)).Events, happened => happened.Kind == ReportEventKind.Action);

    [Theory]
    [InlineData("setting.on-node", "Setting 10.1.0.5 on node-a")]
    [InlineData("setting.reverted", "Setting 10.1.0.5 reverted on node-a")]
    [InlineData("setting.not-reverted", "Setting 10.1.0.5 not reverted on node-a")]
    [InlineData("flush.break-glass", "Flush of 10.1.0.5 on node-a")]
    public void Action_OnANode_IsAnEvent(string what, string title) =>
        Assert.Equal(title, Report([], [], Row(1, T0 - 100_000, what)).Events.Single(happened => happened.Kind == ReportEventKind.Action).Title);

    [Fact]
    public void Action_EndedAfterTheWindow_HasItsResult()
    {
        var report = Report([], [], Row(1, T0 - 61_000, "flush.approved"), Row(2, T0 - 50_000, "flush.completed", "Completed: 3 deleted"));
        Assert.Contains("3 deleted", report.Events.Single(happened => happened.Kind == ReportEventKind.Action).Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Report([], [], Row(2, T0 - 50_000, "flush.completed")).Events, happened => happened.Kind == ReportEventKind.Action);
    }

    [Fact]
    public void Finding_FromBeforeTheWindow_StandsAtItsStart()
    {
        var finding = Report([Finding("orders", T0 - 900_000, null)], []).Events[0];
        Assert.Equal((T0 - 600_000, true), (finding.AtMs, finding.IsEarlier));
    }

    [Fact]
    public void Missing_IsWritten_NotCalm()
    {
        var facts = new ReportFacts(new FindingReport(0, 1, [], [new InsufficientEvidence(null, "M4", "single connections")], []), [], [], []) { IsTruncated = true };
        Assert.Equal(2, ReportEvents.Of(Incident, facts, T0).Missing.Count);
    }

    internal static IncidentReport Report(IReadOnlyList<ObservedFinding> findings, IReadOnlyList<Termination> ended, params AuditEntry[] rows) =>
        ReportEvents.Of(Incident, new ReportFacts(new FindingReport(Incident.FromMs, Incident.ToMs!.Value, findings, [], []), ended, [], rows), T0);

    internal static ObservedFinding Finding(string service, long sinceMs, long? untilMs)
    {
        var mechanism = MechanismCatalog.All.First(one => one.Id == "M4");
        var subject = new FindingSubject(Ip.Parse("10.1.0.5"), new ServiceKey("shop", service), null);
        var finding = new Finding
        {
            Mechanism = mechanism, Subject = new DiagnosisSubject(subject.Backend), SinceMs = sinceMs, UntilMs = untilMs,
            Explains = new ExplainedShare(ExplainedUnit.HangingFlows, 3, 4, "3 of 4 established entries"), Confidence = Confidence.High,
            Evidence = [new EvidenceItem(EvidenceClass.EntryTransition, $"3 entries on node-a lead to 10.1.0.5, which {service}-1 had", sinceMs)],
            RefutedBy = mechanism.RefutedBy, Helps = mechanism.Helps, Remedies = [], Harmful = [],
        };
        return new ObservedFinding($"finding-{service}", subject, finding, sinceMs, untilMs) { Pods = [$"shop/{service}-1"], Nodes = ["node-a"] };
    }

    internal static Termination Ended(string pod, long atMs) => new(pod, "shop", pod, Ip.Parse("10.1.0.5"), "node-a", new ServiceKey("shop", "orders"), atMs, null, null, atMs + 5_000, 137, null)
    {
        Evidence = "the rollout of shop/orders replaced it",
    };

    internal static AuditEntry Row(long id, long atMs, string what, string result = "ok") => new(
        id, DateTimeOffset.FromUnixTimeMilliseconds(atMs), "olivia", "10.0.0.9", what, "node-a", "10.1.0.5", "the pod is gone", null, null, result, null, "flush-1");
}
