using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConntrackConsole.Collector.KubeProxy;
using ConntrackConsole.Nodes;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>
/// When each node's rules no longer contained a deleted pod, compared with the metrics of two real kube-proxies. The expected
/// values come from the raw pages: they count slice changes, which arrive there in the same order as at the console.
/// </summary>
public partial class RecordedSyncTests
{
    // kube-proxy may receive a change before the recorded line: it has a separate watch.
    private const double WatchSkewSeconds = 0.2;

    public static TheoryData<string> Recordings => RecordedFiles.Names;

    [Theory]
    [MemberData(nameof(Recordings))]
    public void EveryRecording_EveryTerminationAndNode_SyncMatchesTheRawMetrics(string name)
    {
        var files = new RecordedFiles(name);
        var syncs = Read(files);
        int compared = 0;
        foreach (var t in new RecordingReplay(files, files.Lines).Terminations)
        {
            if (t.EndpointChangedMs is not { } changedMs)
                continue;
            var change = OrdinalOf(files, t.Uid);
            foreach (var (node, pages) in files.Pages)
            {
                var actual = syncs.After(node, changedMs, files.At(files.Seconds));
                var truth = FirstWith(files, [.. pages.Where(p => p is { Path: "/metrics", Status: 200 }).Select(Numbers.Of)], change);
                Assert.Equal((node, t.Pod, truth, (string?)null), (node, t.Pod, actual.AtMs is { } at ? at - files.At(0) : -1, actual.Unknown));
                compared++;
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{name}: {compared} terminations compared on a node");
    }

    // Read as by the collector, and in the order in which the console receives them.
    private static SyncLog Read(RecordedFiles files)
    {
        var syncs = new SyncLog();
        foreach (var (node, pages) in files.Pages)
        {
            foreach (var page in pages.Where(p => p is { Path: "/metrics", Status: 200 }))
                syncs.Add(node, KubeProxyMetrics.Read(Encoding.UTF8.GetBytes(page.Body)).ToReading(files.At(page.T), ProxyMode.Nftables, new KubeProxyHealth(200, null, 0)), 0, files.At(page.T));
        }

        return syncs;
    }

    // The sync in the first page that has counted the change and has none pending.
    private static long FirstWith(RecordedFiles files, List<Numbers> pages, (int Ordinal, double T) change)
    {
        double before = pages[0].Changes;
        foreach (var page in pages)
        {
            double sync = page.Sync - (files.At(0) / 1000.0);
            if (page.Changes - page.Pending >= before + change.Ordinal && sync > change.T - WatchSkewSeconds)
                return (long)(page.Sync * 1000) - files.At(0);
        }

        return -1;
    }

    /// <summary>The first slice line in which the pod accepts no new connections, and how many slice lines kube-proxy had received by then.</summary>
    private static (int Ordinal, double T) OrdinalOf(RecordedFiles files, string uid)
    {
        int ordinal = 0;
        var named = new Dictionary<string, bool>();
        using (var list = JsonDocument.Parse(files.Lists["endpointslices"]))
        {
            foreach (var slice in list.RootElement.GetProperty("items").EnumerateArray().Where(s => !IsHeadless(s)))
            {
                if (Ready(slice, uid) is { } isReady)
                    named[NameOf(slice)] = isReady;
            }
        }

        foreach (var line in files.Lines.Where(l => l.Kind == "endpointslices"))
        {
            using var parsed = JsonDocument.Parse(line.Line);
            var slice = parsed.RootElement.GetProperty("object");
            if (IsHeadless(slice))
                continue;
            ordinal++;
            bool? now = parsed.RootElement.GetProperty("type").GetString() == "DELETED" ? null : Ready(slice, uid);
            if (named.TryGetValue(NameOf(slice), out bool wasReady) && (now is null || (wasReady && now == false)))
                return (ordinal, line.T);
            if (now is not null)
                named[NameOf(slice)] = now.Value;
        }

        throw new InvalidOperationException($"No slice line removes {uid}.");
    }

    // A headless Service has no rules, and kube-proxy does not watch its slices.
    private static bool IsHeadless(JsonElement slice) =>
        slice.GetProperty("metadata").GetProperty("labels").TryGetProperty("service.kubernetes.io/headless", out _);

    private static string NameOf(JsonElement slice) => slice.GetProperty("metadata").GetProperty("name").GetString()!;

    // Null if the slice does not contain the pod.
    private static bool? Ready(JsonElement slice, string uid)
    {
        if (slice.GetProperty("endpoints") is { ValueKind: JsonValueKind.Array } endpoints)
        {
            foreach (var endpoint in endpoints.EnumerateArray())
            {
                if (endpoint.TryGetProperty("targetRef", out var of) && of.GetProperty("uid").GetString() == uid)
                    return endpoint.GetProperty("conditions").GetProperty("ready").GetBoolean();
            }
        }

        return null;
    }

    private sealed partial record Numbers(double Sync, double Changes, double Pending)
    {
        public static Numbers Of(RecordedPage page) => new(
            Max(page.Body, "last_timestamp_seconds"), Max(page.Body, "endpoint_changes_total"), Max(page.Body, "endpoint_changes_pending"));

        // With both address families, the metrics of the unused family are old or zero.
        private static double Max(string body, string name) => Samples().Matches(body).Where(m => m.Groups[1].Value == name)
            .Select(m => double.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();

        [GeneratedRegex(@"^kubeproxy_sync_proxy_rules_(\w+?)(?:\{[^}]*\})? (\S+)$", RegexOptions.Multiline)]
        private static partial Regex Samples();
    }
}
