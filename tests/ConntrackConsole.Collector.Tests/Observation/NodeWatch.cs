using System.Diagnostics;
using ConntrackConsole.Collector.Observation;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Timeline.Live;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

/// <summary>
/// A collector on each of two nodes, seeing resets from one choice of sources, and the console's count over both.
/// </summary>
internal sealed class NodeWatch : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Thread> _threads = [];
    private readonly List<(string Node, Reset Reset)> _resets = [];
    private readonly List<FlowNote> _notes = [];
    private readonly List<Gap> _gaps = [];
    private readonly Dictionary<string, NodeObserver> _observers = [];
    private readonly Dictionary<string, int> _frames = [];
    private volatile Exception? _failure;

    public NodeWatch(TwoNodes nodes, ResetChoice filter, Func<string, string>? format = null)
    {
        foreach (string node in (string[])[TwoNodes.A, TwoNodes.B])
        {
            _threads.Add(nodes.Start(node, () =>
            {
                try
                {
                    using var resets = ResetSource.TryOpen(filter, out string why, format);
                    Assert.Equal("", why);
                    var observer = new NodeObserver(new Grouping([]), TimeProvider.System, resets, () => null);
                    lock (_observers)
                        _observers[node] = observer;
                    observer.Run(frame => Take(node, frame), _stop.Token);
                }
                catch (Exception failure)
                {
                    _failure = failure;
                }
            }));
        }
    }

    /// <summary>
    /// Waits for two more frames of each node, which contain everything that has happened; very recent resets wait for the next
    /// frame.
    /// </summary>
    public static void Await(params NodeWatch[] watches)
    {
        var frames = watches.Select(watch => watch.FramesOf()).ToList();
        Eventually.True(
            () =>
            {
                Assert.All(watches, watch => Assert.Null(watch._failure));
                return watches.Zip(frames).All(pair => pair.First.FramesOf() is var now && now.A >= pair.Second.A + 2 && now.B >= pair.Second.B + 2);
            }, expression: "two more frames of each node");
    }

    /// <summary>
    /// As <see cref="Await(NodeWatch[])"/>, repeated until every watch fulfils the condition, because its readers may be delayed.
    /// Surplus resets are included too: two more frames of each node follow.
    /// </summary>
    public static void Await(Func<NodeWatch, bool> resets, params NodeWatch[] watches)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(60) && !watches.All(resets);)
            Await(watches);
        Await(watches);
    }

    private (int A, int B) FramesOf()
    {
        lock (_frames)
            return (_frames.GetValueOrDefault(TwoNodes.A), _frames.GetValueOrDefault(TwoNodes.B));
    }

    /// <summary>Resets that name one of the ports, as the console counts them.</summary>
    public List<Reset> ResetsOf(params int[] ports)
    {
        var ledger = new ResetDeduplicator();
        lock (_frames)
        {
            foreach (var (node, reset) in _resets)
            {
                if (ports.Contains(reset.Sport) || ports.Contains(reset.Dport))
                    ledger.Add(node, reset);
            }
        }

        return [.. ledger.Kept.Select(resets => resets.Reset)];
    }

    public List<FlowNote> Notes
    {
        get
        {
            lock (_frames)
                return [.. _notes];
        }
    }

    public List<Gap> Gaps
    {
        get
        {
            lock (_frames)
                return [.. _gaps];
        }
    }

    public NodeObserver Observer(string node) => _observers[node];

    public void Dispose()
    {
        _stop.Cancel();
        foreach (var thread in _threads)
            thread.Join();
        _stop.Dispose();
    }

    private void Take(string node, NodeFrame frame)
    {
        lock (_frames)
        {
            _frames[node] = _frames.GetValueOrDefault(node) + 1;
            _resets.AddRange(frame.Resets.Select(reset => (node, reset)));
            _notes.AddRange(frame.Notes);
            _gaps.AddRange(frame.Gaps.Where(gap => gap.Kind != GapKind.Started));
        }
    }
}
