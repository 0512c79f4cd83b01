using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ConntrackConsole.Kernel.Namespaces;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>What one node's kernel reports while scenarios run: entry events by `conntrack -E`, and resets by the tracepoints.</summary>
internal sealed class NodeRecord : IDisposable
{
    private readonly ConcurrentQueue<string> _entries = new();
    private readonly ConcurrentQueue<JsonNode> _resets = new();
    private readonly Process _events;
    private readonly Process _tracepoints;

    private NodeRecord(NetworkNamespace inside)
    {
        // With the default buffer the kernel drops events while this machine is too busy to read them.
        _events = inside.Run(() => Start("conntrack", ["-E", "--buffer-size", "16777216"]));
        _tracepoints = inside.Run(() => Start(Programs.Collector, ["resets", "--seconds", "600", "--json"]));
        _events.OutputDataReceived += (_, line) => Add(line.Data, _entries.Enqueue);
        _tracepoints.OutputDataReceived += (_, line) => Add(line.Data, text => _resets.Enqueue(JsonNode.Parse(text)!));
        _events.BeginOutputReadLine();
        _tracepoints.BeginOutputReadLine();
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
                    return !record._entries.IsEmpty && IsTracing(record._tracepoints.Id);
                }, RunningLab.StepTimeout, () => $"{record._entries.Count} events; the other {(IsTracing(record._tracepoints.Id) ? "reads" : "does not read")} the tracepoints", $"both programs report what happens on node{node}");
            return record;
        }
        catch
        {
            record.Dispose();
            throw;
        }
    }

    /// <summary>The events of one original tuple, in order: "[NEW] ...", "[UPDATE] ...", "[DESTROY] ...".</summary>
    public IReadOnlyList<string> Entry(string src, int sport, string dst) =>
        [.. _entries.Where(line => line[line.IndexOf("src=", StringComparison.Ordinal)..].StartsWith($"src={src} dst={dst} sport={sport} ", StringComparison.Ordinal))];

    /// <summary>The kinds of the resets between a client's port and any backend.</summary>
    public IReadOnlyList<string> Resets(string client, int port) => [.. _resets
        .Where(reset => ((string)reset["src"]! == client && (int)reset["sport"]! == port) || ((string)reset["dst"]! == client && (int)reset["dport"]! == port))
        .Select(reset => (string)reset["kind"]!)];

    public void Dispose()
    {
        foreach (var process in (Process[])[_events, _tracepoints])
        {
            process.Kill();
            process.Dispose();
        }
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

    private static void Add(string? line, Action<string> add)
    {
        if (!string.IsNullOrWhiteSpace(line))
            add(line);
    }

    private static Process Start(string program, string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
