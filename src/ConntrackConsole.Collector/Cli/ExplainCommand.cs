using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Collector.Cli.Json;
using ConntrackConsole.Collector.Explain;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Diagnosis.Findings;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli;

/// <summary>explain: observes one pod address for some seconds and reports what happens to its connections. Read-only.</summary>
internal static class ExplainCommand
{
    public static Command Build()
    {
        var podIp = Options.PodIp(required: true);
        var seconds = new Option<int>("--seconds") { Description = "How long to observe; a black hole needs 15 or more.", DefaultValueFactory = _ => 30, HelpName = "N" };
        seconds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 3600)
                result.AddError("--seconds takes a number from 1 to 3600.");
        });
        var json = Options.Json("One JSON object.");
        var source = Options.Resets();
        var command = new Command("explain", """
            Observes one pod's address on this node without changing anything and reports why its connections break, or which evidence
            is missing. A mechanism is reported only if two independent kinds of evidence agree. Run it on the node of a client.

            Example: conntrack-collector explain --pod-ip 10.244.1.7 --seconds 30
            """) { podIp, seconds, json, source };
        command.SetAction(async (parsed, stop) =>
        {
            var ip = parsed.GetValue(podIp)!.Value;
            int length = parsed.GetValue(seconds);
            var seen = await new ExplainObserver(ip, length, parsed.GetValue(source)).RunAsync(
                () => Console.Error.WriteLine($"Observing {ip} for {length} s (read-only)."), stop);
            var explanation = Explanation.Of(seen);
            if (parsed.GetValue(json))
                await Console.Out.WriteLineAsync(JsonSerializer.Serialize(ExplainJson.Of(seen, explanation), CollectorJson.Default.ExplainJson));
            else
                Write(seen, explanation, Console.Out);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(AddressObservation seen, Explanation explanation, TextWriter output)
    {
        output.WriteLine($"{seen.PodIp} on this node, observed for {seen.Seconds} s");
        output.WriteLine();
        output.WriteLine("Facts");
        if (seen.Entries.Count == 0)
            output.WriteLine("  entries      none has this pod as backend");
        foreach (var bucket in seen.Entries)
            output.WriteLine($"  entries      {bucket.Count,5}  {bucket.Proto} {bucket.State}, remaining timeout {bucket.Remaining}");
        if (seen.Established > 0)
            output.WriteLine($"  of a Service {seen.Established,5}  established: {seen.Answered} answered, {seen.Idle} idle, {seen.Stuck} unanswered for {LookupEvidence.StuckSeconds} s or more");
        output.WriteLine(seen.ResetsMissing is { } why
            ? $"  resets       not observed: {why}"
            : $"  resets       un-NATed {seen.UnNatedResets}, from the pod {seen.BackendResets + seen.BackendResetsThatFollow + seen.BackendResetsUnclear}, refused {seen.RefusedSyns}, by a new backend {seen.NewBackendResets}, by clients {seen.ClientAborts}, of unknown senders {seen.UnknownClientResets}, other {seen.OtherResets}");
        output.WriteLine($"  entries lost {seen.LostEntries}{(seen.LostByKernel > 0 ? $" ({seen.LostByKernel} by the kernel before their timeouts)" : "")}, created mid-stream {seen.MidStreamEntries}, untranslated {seen.UnNatedEntries}, closed by a reset {seen.Closed}");
        output.WriteLine(seen.Packets is { } packets
            ? $"  packets      {(packets.From == 0 ? "none" : "some")} from it, {(packets.To == 0 ? "none" : "some")} to it"
            : $"  packets      {seen.PacketsMissing}");
        if (seen.Ipvs is { IsUsed: true } ipvs)
        {
            output.WriteLine($"  IPVS         a server of {ipvs.Servers} Services; {ipvs.Connections.Total} open connections, {ipvs.Connections.Removed} of them to a removed server, {ipvs.Connections.Draining} at weight 0; "
                + $"expire_nodest_conn={Switch(ipvs.Connections.ExpireNodestConn)}, conntrack={Switch(ipvs.Connections.Conntrack)}");
        }

        output.WriteLine($"  route        {seen.RouteText}");
        var counters = seen.Counters;
        output.WriteLine($"  whole node   invalid +{counters.Invalid}, drop +{counters.Drop}, early_drop +{counters.EarlyDrop}, insert_failed +{counters.InsertFailed}; table {counters.Count} of {counters.Max}");
        output.WriteLine($"  settings     {string.Join(", ", Settings(seen))}");
        output.WriteLine($"  kube-proxy   {Proxy(seen.Proxy)}");
        output.WriteLine();
        if (explanation.Verdicts.Count == 0)
        {
            output.WriteLine("Verdict: insufficient");
        }

        foreach (var verdict in explanation.Verdicts)
        {
            output.WriteLine($"Verdict: {verdict.Mechanism}, {verdict.Title} ({verdict.Share})");
            foreach (var reason in verdict.Reasons)
                output.WriteLine($"  {EvidenceClasses.Name(reason.Class)}: {reason.Sentence}");
            output.WriteLine($"  Would be refuted by: {verdict.RefutedBy}.");
            output.WriteLine($"  Remedy: {verdict.Helps}.");
        }

        Lines("Missing", explanation.Missing, output);
        Lines("Cannot be determined here", explanation.CannotKnow, output);
        Lines("To check manually", explanation.Commands, output);
    }

    private static void Lines(string title, IReadOnlyList<string> lines, TextWriter output)
    {
        if (lines.Count == 0)
            return;
        output.WriteLine();
        output.WriteLine(title);
        foreach (string line in lines)
            output.WriteLine("  " + line);
    }

    private static IEnumerable<string> Settings(AddressObservation seen)
    {
        foreach (string name in (string[])["nf_conntrack_tcp_be_liberal", "nf_conntrack_tcp_loose", "nf_conntrack_events", "nf_conntrack_tcp_timeout_established", "nf_conntrack_tcp_timeout_unacknowledged"])
            yield return $"{name["nf_conntrack_".Length..]}={seen.Setting(name)?.ToString(CultureInfo.InvariantCulture) ?? "absent"}";
    }

    private static string Proxy(ProxyReading? proxy) => proxy is not { Answers: true }
        ? $"metrics do not answer on 127.0.0.1:10249{(proxy is { HealthStatus: not 0 and var health } ? $", healthz {health}{(proxy.ReportsLag ? ": its rules lag" : proxy.Eligible == false ? ": the node is to be deleted" : "")}" : "")}"
        : $"{proxy.Mode.ToString().ToLowerInvariant()}, healthz {proxy.HealthStatus}, pending endpoint changes {Number(proxy.EndpointChangesPending)}, sync failures {Number(proxy.SyncFailures)}, p99 sync {Number(proxy.SyncP99)} s";

    private static string Switch(bool? value) => value switch { true => "1", false => "0", null => "unknown" };

    private static string Number(double value) => double.IsNaN(value) ? "unknown" : value.ToString("0.###", CultureInfo.InvariantCulture);
}
