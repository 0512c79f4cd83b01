using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings;
using ConntrackConsole.Findings.Live;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Tests.Findings.Explanation;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Findings.Live;

/// <summary>When a finding opens and closes over time.</summary>
public sealed class FindingLogTests
{
    private const long T0 = Explained.SinceMs;

    private readonly FindingLog _log = new();
    private readonly ObservedFinding _hole = Explained.Of(MechanismCodes.BlackHole);

    [Fact]
    public void FindingThatComesAndGoes_IsOne()
    {
        _log.Update([_hole], T0);
        _log.Update([], T0 + 29_000);
        _log.Update([_hole], T0 + 30_000);
        _log.Update([], T0 + 59_000);
        Assert.Equal([true], Changes());
        _log.Update([], T0 + 60_000);
        Assert.Equal([false], Changes());
        Assert.Equal(0, _log.Count);
    }

    [Fact]
    public void FindingThatEnded_Closes_AlthoughItIsStillInTheWindow()
    {
        _log.Update([_hole], T0);
        var ended = _hole with { EndedMs = T0 + 5_000 };
        for (long atMs = T0 + 6_000; atMs < T0 + 64_000; atMs += 2_000)
            _log.Update([ended], atMs);
        Assert.Equal([true], Changes());
        // 30 s after its end it is not seen any more, and closes 30 s later.
        var shown = Assert.Single(_log.Update([ended], T0 + 66_000));
        Assert.Equal([false], Changes());
        Assert.Equal(_hole.Id, shown.Id);
    }

    [Fact]
    public void FindingThatHadEndedBefore_OpensNot()
    {
        Assert.Single(_log.Update([_hole with { EndedMs = T0 - 40_000 }], T0));
        Assert.Empty(Changes());
        Assert.Equal((0, 0), (_log.Count, _log.Dropped));
    }

    /// <summary>The first events leave the window, later ones make another id: the open one keeps its id, and since when it lasts.</summary>
    [Fact]
    public void OpenFinding_KeepsItsIdAndItsBeginning_AndTakesAnEarlierOne()
    {
        _log.Update([_hole], T0);
        var later = Assert.Single(_log.Update([_hole with { Id = "finding-2", SinceMs = T0 + 20_000 }], T0 + 20_000));
        Assert.Equal((_hole.Id, T0), (later.Id, later.SinceMs));
        Assert.Equal(T0 - 5_000, Assert.Single(_log.Update([_hole with { Id = "finding-3", SinceMs = T0 - 5_000 }], T0 + 20_000)).SinceMs);
    }

    [Fact]
    public void RestoredFinding_OpensNoSecondTime_AndClosesTwoMinutesAfterTheStart()
    {
        _log.Restore([new OpenFinding("finding-old", _hole.Identity, T0 - 600_000)]);
        Assert.True(_log.IsRestored);
        Assert.Equal("finding-old", Assert.Single(_log.Update([_hole], T0)).Id);
        Assert.Empty(Changes());

        var other = new FindingLog();
        other.Restore([new OpenFinding("finding-old", _hole.Identity, null)]);
        other.Update([], T0);
        other.Update([], T0 + 119_000);
        Assert.Null(other.NextChange());
        other.Update([], T0 + 120_000);
        Assert.Equal(("finding-old", false), (other.NextChange()!.Id, other.NextChange()!.IsOpened));
    }

    /// <summary>Clients are refused at both addresses of a dual-stack Service: each finding has its own id, and closes by itself.</summary>
    [Fact]
    public void ServiceOfTwoAddresses_WithoutBackend_HasAFindingForEach()
    {
        var subject = _hole.Subject with { Backend = default, Address = new ServiceAddress(6, Ip.Parse("10.96.0.10"), 80) };
        var four = _hole with { Id = "finding-4", Subject = subject };
        var six = _hole with { Id = "finding-6", Subject = subject with { Address = new ServiceAddress(6, Ip.Parse("fd00:96::10"), 80) } };
        Assert.Equal(["finding-4", "finding-6"], _log.Update([four, six], T0).Select(finding => finding.Id).Order());
        Assert.Equal([true, true], Changes());
        Assert.NotEqual(FindingId.Of("m13", four.Subject, T0), FindingId.Of("m13", six.Subject, T0));
        _log.Update([six], T0 + 31_000);
        Assert.Equal([false], Changes());
    }

    /// <summary>A pod's entries are of several addresses of its Service: which one has most of them may change.</summary>
    [Fact]
    public void BackendWhoseAddressOfTheServiceChanges_IsOne()
    {
        _log.Update([_hole], T0);
        var other = _hole with { Id = "finding-2", Subject = _hole.Subject with { Address = new ServiceAddress(6, Ip.Parse("192.0.2.7"), 443) } };
        Assert.Equal(_hole.Id, Assert.Single(_log.Update([other], T0 + 1_000)).Id);
        Assert.Equal([true], Changes());
    }

    [Fact]
    public void MoreThanFit_AreReturnedButNotOpened_AndCounted()
    {
        var many = Enumerable.Range(0, FindingLog.MaxOpen + 3).Select(i => _hole with { Id = $"finding-{i}", Subject = _hole.Subject with { Backend = Ip.V4(0x0A010000u + (uint)i) } }).ToList();
        Assert.Equal(many.Count, _log.Update(many, T0).Count);
        Assert.Equal((FindingLog.MaxOpen, 3), (_log.Count, _log.Dropped));
    }

    private List<bool> Changes()
    {
        var changes = new List<bool>();
        while (_log.NextChange() is { } change)
        {
            changes.Add(change.IsOpened);
            _log.Written();
        }

        return changes;
    }
}
