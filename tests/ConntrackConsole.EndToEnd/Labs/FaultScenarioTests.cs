using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The kernel shows what the labels of each fault claim: the transitions of the entries, and the resets.</summary>
public sealed class FaultScenarioTests(FaultLab faults) : IClassFixture<FaultLab>
{
    private const string BackendPort = "8080";

    [Fact]
    public async Task FlushedStream_TheEntryIsDestroyed_AndTheNextBeginsWithThePod() =>
        await UnNatedAsync("flushed-stream", "M2", "mechanism.entry_lost", faults.Far);

    [Fact]
    public async Task IdleExpiryStream_TheEntryExpires_AndTheNextBeginsWithThePod() =>
        await UnNatedAsync("idle-expiry-stream", "M10", "mechanism.idle_expiry", faults.Near);

    [Fact]
    public async Task FlushedRequests_TheEntryIsCreatedAgainTowardsAnotherPod() => await MovedAsync("flushed-requests", "M2b", "mechanism.rebalanced");

    [Fact]
    public async Task IdleExpiry_TheEntryIsCreatedAgainTowardsAnotherPod() => await MovedAsync("idle-expiry", "M10", "mechanism.idle_expiry");

    [Fact]
    public async Task GraceTooShort_TheKilledPodResetsItsConnections()
    {
        var labels = await faults.LabelsAsync("grace-too-short", "from-backend", 1);

        foreach (var label in labels)
        {
            Assert.Equal(("M3", "mechanism.grace_too_short"), (label.Mechanism, label.Code));
            await EntryAsync(faults.Far, label, lines => lines.Any(line => line.Contains("[UPDATE]", StringComparison.Ordinal) && line.Contains(" CLOSE ", StringComparison.Ordinal)));
            await ResetAsync(faults.Far, label, "FromBackend");
            var exited = await faults.Lab.EventAsync("exited", line => (string?)line["ip"] == label.Backend);
            Assert.Equal(137, (int)exited["exitCode"]!);
        }
    }

    [Fact]
    public async Task RefusedWhileListed_TheSynIsRefusedByThePod()
    {
        var labels = await faults.LabelsAsync("refused-while-listed", "from-backend", 3);

        foreach (var label in labels)
        {
            Assert.Equal(("M3", "mechanism.refused_while_listed"), (label.Mechanism, label.Code));
            await EntryAsync(faults.Far, label, lines => Begins(lines, " SYN_SENT ", label.Backend)
                && lines.Any(line => line.Contains("[DESTROY]", StringComparison.Ordinal) && line.Contains("[UNREPLIED]", StringComparison.Ordinal)));
            await ResetAsync(faults.Far, label, "RefusedSyn");
            // Still listed, or in rules that follow the slice.
            Assert.DoesNotContain(faults.Lab.Events("endpoint-removed"), line => (string?)line["ip"] == label.Backend && (double)line["t"]! < label.At - 2);
        }
    }

    [Fact]
    public async Task AddressReused_ANewPodResetsTheConnectionsOfItsPredecessor()
    {
        var labels = await faults.LabelsAsync("address-reused", "from-backend", 1);

        foreach (var label in labels)
        {
            Assert.Equal(("M5", "mechanism.address_reused"), (label.Mechanism, label.Code));
            await EntryAsync(faults.Far, label, lines => lines.Any(line => line.Contains(" CLOSE ", StringComparison.Ordinal)));
            var started = faults.Lab.Events("started").Where(line => (string?)line["ip"] == label.Backend).ToList();
            Assert.Equal(2, started.Count);
            // Its network can reset before its process runs.
            Assert.True((double)faults.Lab.Events("deleted").First(line => (string?)line["ip"] == label.Backend)["t"]! < label.At);
        }
    }

    [Fact]
    public async Task WrongBackend_AnUnansweredEntryIsEstablishedWithTheStranger()
    {
        var labels = await faults.LabelsAsync("wrong-backend", "wrong-backend", 1);

        foreach (var label in labels)
        {
            Assert.Equal(("M5b", "mechanism.wrong_backend"), (label.Mechanism, label.Code));
            await EntryAsync(faults.Far, label, lines => Begins(lines, " SYN_SENT ", label.Backend)
                && lines.Any(line => line.Contains(" ESTABLISHED ", StringComparison.Ordinal) && line.Contains($" src={label.Backend} ", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task SynReuse_OneEntryTakesEveryAttempt()
    {
        var labels = (await faults.LabelsAsync("syn-reuse", "connect-timeout", 20)).Where(label => label.Backend.Length > 0).ToList();

        Assert.NotEmpty(labels);
        Assert.All(labels, label => Assert.Equal(("M6b", "mechanism.syn_reuse"), (label.Mechanism, label.Code)));
        foreach (var attempts in labels.GroupBy(label => label.Port).Where(attempts => attempts.Count() > 1))
        {
            var label = attempts.First();
            // The port may have had other connections before, and on a slow machine has some to other pods after it. The last entry
            // to this one took every attempt: it was never answered, and none followed it.
            await EntryAsync(faults.Far, label, lines => lines.LastOrDefault(line =>
                !line.Contains("[DESTROY]", StringComparison.Ordinal) && line.Contains($" src={label.Backend} ", StringComparison.Ordinal)) is { } last && Begins([last], " SYN_SENT ", label.Backend));
        }
    }

    [Fact]
    public async Task NoEndpoints_ARefusedConnectionHasNoEntry()
    {
        var labels = await faults.LabelsAsync("no-endpoints", "no-endpoint", 3);

        Assert.All(labels, label => Assert.Equal(("M7", "mechanism.no_endpoints"), (label.Mechanism, label.Code)));
        // A SYN that waited had been sent to the last pod at first.
        var atOnce = labels.Where(label => label.At - (double)label.Label["since"]! < 0.5).ToList();
        Assert.NotEmpty(atOnce);
        Assert.All(atOnce, label => Assert.Empty(faults.Far.Entry(label.Client, label.Port, label.Vip)));
        Assert.All(atOnce, label => Assert.Empty(faults.Far.Resets(label.Client, label.Port)));
    }

    [Fact]
    public async Task StaleUdp_TheEntryToTheVanishedPodStays()
    {
        var labels = await faults.LabelsAsync("stale-udp", "udp-silence", 1);

        foreach (var label in labels)
        {
            Assert.Equal(("M8", "mechanism.udp_dead_backend"), (label.Mechanism, label.Code));
            await EntryAsync(faults.Far, label, lines => lines.Any(line => line.Contains($" src={label.Backend} ", StringComparison.Ordinal)));
            // It may end with its sender, which stops some seconds after the last label.
            Assert.DoesNotContain(faults.Far.Entry(label.Client, label.Port, label.Vip), line => line.Contains("[DESTROY]", StringComparison.Ordinal) && NodeRecord.At(line) < label.At + 1);
        }
    }

    [Fact]
    public async Task UntranslatedUdp_TheReplySourceIsTheServicesAddress()
    {
        var labels = await faults.LabelsAsync("untranslated-udp", "udp-silence", 2);

        foreach (var label in labels)
        {
            Assert.Equal(("M8", "mechanism.udp_untranslated", label.Vip), (label.Mechanism, label.Code, label.Backend));
            await EntryAsync(faults.Far, label, lines => lines.Any(line => line.Contains($"[UNREPLIED] src={label.Vip} ", StringComparison.Ordinal)));
        }
    }

    private async Task UnNatedAsync(string scenario, string mechanism, string code, NodeRecord node)
    {
        foreach (var label in await faults.LabelsAsync(scenario, "un-nated", 2))
        {
            Assert.Equal((mechanism, code), (label.Mechanism, label.Code));
            await EntryAsync(node, label, lines => lines.Any(line => line.Contains("[DESTROY]", StringComparison.Ordinal)));
            await Eventually.TrueAsync(
                () => node.Entry(label.Backend, int.Parse(BackendPort), label.Client).Any(line => line.Contains("[NEW]", StringComparison.Ordinal)
                    && line.Contains(" ESTABLISHED ", StringComparison.Ordinal) && line.Contains($" dport={label.Port} [UNREPLIED] ", StringComparison.Ordinal)),
                RunningLab.StepTimeout, () => $"{string.Join('\n', node.Entry(label.Backend, int.Parse(BackendPort), label.Client))}\n{node.Losses()}", "an untranslated entry");
            await ResetAsync(node, label, "UnNated");
        }
    }

    private async Task MovedAsync(string scenario, string mechanism, string code)
    {
        foreach (var label in await faults.LabelsAsync(scenario, "from-backend", 2))
        {
            Assert.Equal((mechanism, code), (label.Mechanism, label.Code));
            await EntryAsync(faults.Far, label, lines => lines.Any(line => line.Contains("[DESTROY]", StringComparison.Ordinal))
                && lines.Any(line => line.Contains("[NEW]", StringComparison.Ordinal) && line.Contains(" ESTABLISHED ", StringComparison.Ordinal)
                    && line.Contains("[UNREPLIED]", StringComparison.Ordinal) && !line.Contains($"[UNREPLIED] src={label.Backend} ", StringComparison.Ordinal)));
            await ResetAsync(faults.Far, label, "NewBackend");
        }
    }

    private static bool Begins(IReadOnlyList<string> lines, string state, string backend) => lines.Any(line =>
        line.Contains("[NEW]", StringComparison.Ordinal) && line.Contains(state, StringComparison.Ordinal) && line.Contains($" src={backend} ", StringComparison.Ordinal));

    // Events and labels come from two programs.
    private static Task EntryAsync(NodeRecord node, Labelled label, Func<IReadOnlyList<string>, bool> isSo) => Eventually.TrueAsync(
        () => isSo(node.Entry(label.Client, label.Port, label.Vip)), TimeSpan.FromSeconds(20),
        () => $"{label.Label.ToJsonString()}\n{string.Join('\n', node.Entry(label.Client, label.Port, label.Vip))}\n{node.Losses()}", "the events of the label's entry");

    private static Task ResetAsync(NodeRecord node, Labelled label, string kind) => Eventually.TrueAsync(
        () => node.Resets(label.Client, label.Port).Contains(kind), TimeSpan.FromSeconds(20),
        () => $"{label.Label.ToJsonString()}: {string.Join(' ', node.Resets(label.Client, label.Port))}\n{string.Join('\n', node.Entry(label.Client, label.Port, label.Vip))}\n{node.Losses()}", $"a reset {kind}");
}
