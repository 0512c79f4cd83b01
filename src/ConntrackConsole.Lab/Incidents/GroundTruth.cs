using System.Collections.Concurrent;
using System.Net;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Workload;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>
/// Turns what clients and servers report into events and labels. Nothing here comes from a collector: this is what a
/// collector is judged by.
/// </summary>
internal sealed class GroundTruth(LabEventWriter chronicle, LabService service)
{
    private static readonly TimeSpan FollowUpTime = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Scenario> _endings = new(); // by pod address
    private readonly ConcurrentDictionary<string, LabPod> _clients = new();   // by pod address
    private readonly ConcurrentDictionary<string, (string Client, string Backend)> _open = new(); // by the client's address:port
    private readonly ConcurrentDictionary<string, bool> _hung = new();
    private readonly ConcurrentDictionary<string, InvalidSegment> _invalid = new();
    private int _segmentsSent;

    /// <summary>The scenario of the present rolling update.</summary>
    public Scenario? Scenario { get; set; }

    /// <summary>How many segments beyond the window were sent so far.</summary>
    public int SegmentsSent => _segmentsSent;

    /// <summary>How many connections each client has to a pod's address.</summary>
    public IReadOnlyList<int> ConnectionsTo(string podIp) =>
        [.. _clients.Keys.Select(client => _open.Values.Count(open => open.Client == client && IpOf(open.Backend) == podIp))];

    /// <summary>From now on resets by this pod, and hangs towards it, are of this scenario's making.</summary>
    public void Ends(LabPod pod, Scenario scenario) => _endings[pod.Ip] = scenario;

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
            chronicle.Tell("invalid-segment",
                $"{pod.Name} sent a segment beyond the window to {to}; un-NATed resets that came back: {resets}",
                new { pod = pod.Name, ip = pod.Ip, remote = to, resets });
            // What comes of it shows at the client's next request; then the label is complete.
            _ = Task.Delay(FollowUpTime).ContinueWith(_ => Settle(to, resets), TaskScheduler.Default);
        }
        else if (report.Event == "exiting")
        {
            chronicle.Tell("exiting", $"{pod.Name} leaves at SIGTERM without draining: {report.Detail}", new { pod = pod.Name, ip = pod.Ip, report.Detail });
        }
    }

    public void FromClient(LabPod pod, WorkloadReport report)
    {
        _clients[pod.Ip] = pod;
        if (report.Local is not { } local)
            return;
        chronicle.Event($"client-{report.Event}", new
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
                if (EndingOf(backend) == Incidents.Scenario.Blackhole)
                    Write(pod, local, backend, "M4", "hang", 0, Incidents.Scenario.Blackhole);
                Line($"hangs: no answer from {backend} for {report.Seconds:0.0} s");
                break;
            case "recovered":
                _hung.TryRemove(local, out _);
                Line("got its answer after all");
                break;
            case "reset":
                bool wasHung = _hung.TryRemove(local, out _);
                // Reset before its first answer: by a pod that was leaving already; which one, the client cannot know.
                var ending = backend.Length == 0 && Scenario == Incidents.Scenario.EarlyExit ? Scenario : EndingOf(backend);
                _open.TryRemove(local, out _);
                if (_invalid.TryGetValue(local, out var cause))
                    cause.Followed();
                else if (wasHung && ending != Incidents.Scenario.EarlyExit) // a server that stops reading is slow at first
                    Write(pod, local, backend, null, "from-backend", 1, ending); // a live pod refuses a stranger's segment
                else
                    Write(pod, local, backend, ending == Incidents.Scenario.EarlyExit ? "M3" : null, "from-backend", 1, ending);
                Line(wasHung ? $"was reset after {report.Seconds:0.0} s without an answer" : $"was reset by {backend}");
                break;
            case "refused":
                // Its SYN went to a pod that has left already; which one, the client cannot know.
                Write(pod, local, "", "M3", "from-backend", report.Detail == "ConnectionRefused" ? 1 : 0, Scenario);
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

        void Line(string what) => chronicle.Say($"            {pod.Name} on {pod.Node.Name}: {local} {what}");
    }

    private Scenario? EndingOf(string backend) => _endings.TryGetValue(IpOf(backend), out var scenario) ? scenario : null;

    private void Settle(string remote, int resets)
    {
        if (_invalid.TryRemove(remote, out var segment))
            Write(segment.Client, remote, segment.Backend, "M1", "un-nated", resets, Incidents.Scenario.Invalid, segment.At, segment.FollowedBy);
    }

    private void Write(
        LabPod client, string local, string backend, string? mechanism, string kind, int resets, Scenario? scenario,
        double? at = null, int? followedBy = null)
    {
        var (clientIp, clientPort) = Split(local);
        var (backendIp, backendPort) = Split(backend);
        chronicle.Write(new Label(
            at ?? WorkloadReport.Now, (scenario ?? Scenario)?.Name(), mechanism, kind, client.Node.Name,
            new LabFlowTuple(clientIp, clientPort, service.Address.ToString(), service.Port),
            new LabFlowTuple(backendIp, backendPort, clientIp, clientPort), resets, followedBy));
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
