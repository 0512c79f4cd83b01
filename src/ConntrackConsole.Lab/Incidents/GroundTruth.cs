using System.Collections.Concurrent;
using System.Net;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Scenarios;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>
/// Converts the reports of clients and servers into events and labels. Nothing here comes from a collector: this is the reference
/// for evaluating a collector.
/// </summary>
internal sealed class GroundTruth(LabEventWriter output, LabService service)
{
    private static readonly TimeSpan FollowUpDelay = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Scenario> _terminations = new(); // by pod address
    private readonly ConcurrentDictionary<string, LabPod> _clients = new();   // by pod address
    private readonly ConcurrentDictionary<string, (string Client, string Backend)> _open = new(); // by the client's address:port
    private readonly ConcurrentDictionary<string, bool> _hung = new();
    private readonly ConcurrentDictionary<string, InvalidSegment> _invalid = new();
    private int _segmentsSent;

    /// <summary>The scenario of the current rolling update.</summary>
    public Scenario? Scenario { get; set; }

    // Pods of the current rolling update exit without draining.
    private Scenario? Exiting => Scenario?.Parts.FirstOrDefault(part => part == ScenarioRegistry.EarlyExit);

    /// <summary>Number of segments beyond the window sent so far.</summary>
    public int SegmentsSent => _segmentsSent;

    /// <summary>Number of connections of each client to a pod's address.</summary>
    public IReadOnlyList<int> ConnectionsTo(string podIp) =>
        [.. _clients.Keys.Select(client => _open.Values.Count(open => open.Client == client && IpOf(open.Backend) == podIp))];

    /// <summary>Resets by this pod and hangs towards it are attributed to this scenario from now on.</summary>
    public void SetTermination(LabPod pod, Scenario scenario) => _terminations[pod.Ip] = scenario;

    /// <summary>These pods answer again.</summary>
    public void ClearTermination(IEnumerable<LabPod> pods)
    {
        foreach (var pod in pods)
            _terminations.TryRemove(pod.Ip, out _);
    }

    public void FromServer(LabPod pod, WorkloadReport report)
    {
        if (report is { Event: "invalid-sending", Local: { } local, Remote: { } remote })
        {
            if (_clients.TryGetValue(IpOf(remote), out var client))
                _invalid[remote] = new InvalidSegment(client, local, report.T);
        }
        else if (report is { Event: "invalid-segment", Remote: { } to })
        {
            if (report.Resets is not { } resets)
            {
                _invalid.TryRemove(to, out _); // The connection had ended: nothing was sent.
                return;
            }

            Interlocked.Increment(ref _segmentsSent);
            output.Report("invalid-segment",
                $"{pod.Name} sent a segment beyond the window to {to}; un-NATed resets received: {resets}",
                new { pod = pod.Name, ip = pod.Ip, remote = to, resets });
            // The consequences appear at the client's next request; then the label is complete.
            _ = Task.Delay(FollowUpDelay).ContinueWith(_ => Settle(to, resets), TaskScheduler.Default);
        }
        else if (report.Event == "exiting")
        {
            output.Report("exiting", $"{pod.Name} exits at SIGTERM without draining: {report.Detail}", new { pod = pod.Name, ip = pod.Ip, report.Detail });
        }
    }

    public void FromClient(LabPod pod, WorkloadReport report)
    {
        _clients[pod.Ip] = pod;
        if (report.Local is not { } local)
            return;
        output.Event($"client-{report.Event}", new
        {
            pod = pod.Name,
            node = pod.Node.Name,
            connection = report.Connection,
            local,
            remote = report.Remote,
            backend = report.Backend,
            seconds = report.Seconds,
            detail = report.Detail,
        });
        string backend = report.Backend ?? "";
        switch (report.Event)
        {
            case "connected":
                _open[local] = (pod.Ip, backend);
                break;
            case "hung":
                _hung[local] = true;
                if (TerminationOf(backend) is { Mechanism: "M4" } blackHole)
                    Write(pod, local, backend, "M4", "hang", 0, blackHole, since: report.Since);
                Line($"hangs: no response from {backend} for {report.Seconds:0.0} s");
                break;
            case "recovered":
                _hung.TryRemove(local, out _);
                Line("received its response after all");
                break;
            case "reset":
                bool wasHung = _hung.TryRemove(local, out _);
                // Reset before its first response, by a pod that was already exiting; the client cannot know which.
                var ending = backend.Length == 0 && Exiting is { } exiting ? exiting : TerminationOf(backend);
                _open.TryRemove(local, out _);
                if (_invalid.TryGetValue(local, out var cause))
                    cause.Followed();
                else if (wasHung && ending != ScenarioRegistry.EarlyExit) // a server that stops reading is slow at first
                    Write(pod, local, backend, null, "from-backend", 1, ending); // a live pod rejects a segment of an unknown connection
                else
                    Write(pod, local, backend, ending == ScenarioRegistry.EarlyExit ? "M3" : null, "from-backend", 1, ending);
                Line(wasHung ? $"was reset after {report.Seconds:0.0} s without a response" : $"was reset by {backend}");
                break;
            case "refused":
                // Its SYN went to a pod that has already exited; the client cannot know which.
                Write(pod, local, "", "M3", "from-backend", report.Detail == "ConnectionRefused" ? 1 : 0, Exiting ?? Scenario);
                Line($"could not connect: {report.Detail}");
                break;
            case "aborted":
                _open.TryRemove(local, out _);
                Write(pod, local, backend, null, "client-abort", 1, null);
                Line($"aborted its connection to {backend} ({report.Detail})");
                break;
            default:
                _open.TryRemove(local, out _);
                _hung.TryRemove(local, out _);
                break;
        }

        void Line(string what) => output.Print($"            {pod.Name} on {pod.Node.Name}: {local} {what}");
    }

    private Scenario? TerminationOf(string backend) => _terminations.TryGetValue(IpOf(backend), out var scenario) ? scenario : null;

    private void Settle(string remote, int resets)
    {
        if (_invalid.TryRemove(remote, out var segment))
            Write(segment.Client, remote, segment.Backend, "M1", "un-nated", resets, ScenarioRegistry.Invalid, segment.At, segment.FollowedBy);
    }

    private void Write(
        LabPod client, string local, string backend, string? mechanism, string kind, int resets, Scenario? scenario,
        double? at = null, int? followedBy = null, double? since = null)
    {
        var (clientIp, clientPort) = Split(local);
        var (backendIp, backendPort) = Split(backend);
        output.Write(new Label(
            at ?? WorkloadReport.Now, (scenario ?? Scenario)?.Name, mechanism, kind, client.Node.Name,
            new LabFlowTuple(clientIp, clientPort, service.Address.ToString(), service.Port),
            new LabFlowTuple(backendIp, backendPort, clientIp, clientPort), resets, followedBy,
            mechanism is null ? null : (scenario ?? Scenario)?.Code, service.Key,
            since));
    }

    private static (string Ip, int Port) Split(string endpoint) =>
        IPEndPoint.TryParse(endpoint, out var parsed) ? (parsed.Address.ToString(), parsed.Port) : ("", 0);

    private static string IpOf(string endpoint) => Split(endpoint).Ip;

    private sealed class InvalidSegment(LabPod client, string backend, double at)
    {
        private int _followedBy;

        public LabPod Client { get; } = client;
        public string Backend { get; } = backend;
        public double At { get; } = at;
        public int FollowedBy => _followedBy;

        public void Followed() => Interlocked.Increment(ref _followedBy);
    }
}
