using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>What one node's kernel reports while scenarios run: entry events by `conntrack -E`, and resets by the tracepoints.</summary>
/// <remarks>
/// Both programs write to files in memory and come before all others: conntrack loses events when it waits for some hundred of them
/// long, be it for a processor, for a busy reader of its output, or for a disk that others write to. Its --buffer-size does not help: that
/// of the events' socket stays as it is.
/// </remarks>
internal sealed class NodeRecord : IDisposable
{
    private const string NetfilterProtocol = "12";

    private const string Memory = "/dev/shm";

    private readonly DirectoryInfo _folder = Directory.CreateDirectory(Path.Combine(Memory, $"cctest-{Guid.NewGuid():N}"));
    private readonly Process _events;
    private readonly Process _tracepoints;
    private readonly LineReader<string> _entries;
    private readonly LineReader<JsonNode> _resets;

    private NodeRecord(NetworkNamespace inside)
    {
        string entries = Path.Combine(_folder.FullName, "entries"), resets = Path.Combine(_folder.FullName, "resets");
        (_entries, _resets) = (new LineReader<string>(entries, line => line), JsonLineFile.Reader(resets));
        _events = inside.Run(() => Start(entries, "conntrack", "-E", "-o", "timestamp"));
        _tracepoints = inside.Run(() => Start(resets, Programs.Collector, "resets", "--seconds", "600", "--json"));
    }

    /// <summary>Starts both programs, and waits until they report: a scenario that begins before that has events that are in no record.</summary>
    public static async Task<NodeRecord> StartAsync(RunningLab lab, int node)
    {
        using var inside = NetworkNamespace.Open(lab.NodeNamespace(node));
        var record = new NodeRecord(inside);
        try
        {
            await Eventually.TrueAsync(
                () =>
                {
                    inside.Run(BeRefused);
                    return record._entries.Read().Count > 0 && IsTracing(record._tracepoints.Id);
                }, RunningLab.StepTimeout, () => $"{record._entries.Read().Count} events; the other {(IsTracing(record._tracepoints.Id) ? "reads" : "does not read")} the tracepoints", $"both programs report what happens on node{node}");
            return record;
        }
        catch
        {
            record.Dispose();
            throw;
        }
    }

    /// <summary>The events of one original tuple, in order: "[time] [NEW] ...", "[time] [UPDATE] ...", "[time] [DESTROY] ...".</summary>
    public IReadOnlyList<string> Entry(string src, int sport, string dst) =>
        [.. _entries.Read().Where(line => line[line.IndexOf("src=", StringComparison.Ordinal)..].StartsWith($"src={src} dst={dst} sport={sport} ", StringComparison.Ordinal))];

    /// <summary>When an event was read, in seconds of Unix time: "[1796034171.81]" has 81 microseconds.</summary>
    public static double At(string line)
    {
        string[] parts = line[1..line.IndexOf(']', StringComparison.Ordinal)].Split('.');
        return long.Parse(parts[0], CultureInfo.InvariantCulture) + (int.Parse(parts[1].TrimEnd(), CultureInfo.InvariantCulture) / 1e6);
    }

    /// <summary>The kinds of the resets between a client's port and any backend.</summary>
    public IReadOnlyList<string> Resets(string client, int port) => [.. _resets.Read()
        .Where(reset => ((string)reset["src"]! == client && (int)reset["sport"]! == port) || ((string)reset["dst"]! == client && (int)reset["dport"]! == port))
        .Select(reset => (string)reset["kind"]!)];

    /// <summary>Whether events may be missing: those that the kernel dropped, and what both programs said.</summary>
    public string Losses() =>
        $"events dropped: {DroppedEvents()}; {string.Join("; ", Directory.GetFiles(_folder.FullName, "*.errors").Select(file => File.ReadAllText(file).Trim()))}";

    public void Dispose()
    {
        foreach (var process in (Process[])[_events, _tracepoints])
        {
            process.Kill();
            process.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    // One buffer for each processor, opened just before the tracepoints are switched on.
    private static bool IsTracing(int process) =>
        Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Any(fd => File.ResolveLinkTarget(fd, false)?.FullName.Contains("/trace_pipe", StringComparison.Ordinal) == true);

    // An entry that no scenario has.
    private static void BeRefused()
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            client.Connect(IPAddress.Loopback, 9);
        }
        catch (SocketException)
        {
            // Port 9 is closed.
        }
    }

    // A line for each netlink socket of the namespace: its protocol is the second column, its port the third, what it lost the ninth.
    private long DroppedEvents() => File.ReadLines($"/proc/{_events.Id}/net/netlink").Skip(1)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words[1] == NetfilterProtocol).Sum(words => long.Parse(words[8], CultureInfo.InvariantCulture));

    private static Process Start(string output, params string[] command) =>
        Process.Start("sh", ["-c", "exec nice -n -20 \"$@\" >\"$0\" 2>\"$0.errors\"", output, .. command]);
}
