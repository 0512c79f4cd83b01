using System.Buffers;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Bench.Load.Nodes;

/// <summary>All made-up nodes: one thread makes their frames at the second + 0–200 ms; each has its own connection.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private const int SpreadMs = 200;
    private const int ConnectingAtOnce = 50;

    private readonly string _socket;
    private readonly string _token;
    private readonly TimeSpan _jitter;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _connecting = new(ConnectingAtOnce);
    private readonly Thread _thread;
    private readonly Task _links;
    private volatile bool _makes = true;
    private volatile bool _measures;
    private long _lateMs;
    private string? _problem;

    /// <param name="jitter">A lost connection is opened again after a random delay up to this.</param>
    /// <param name="keptSeconds">When a node first connects, it has kept frames of this long.</param>
    public Fleet(SyntheticCluster cluster, string socket, string token, TimeSpan jitter, int keptSeconds)
    {
        (_socket, _token, _jitter) = (socket, token, jitter);
        long now = Now, run = now - (keptSeconds * 1_000);
        Nodes = [.. Enumerable.Range(0, cluster.Shape.Nodes).Select(node => new MadeUpNode(ClusterShape.Node(node), run, new NodeTraffic(cluster, node), Totals))];
        MakeKept(now / 1_000, keptSeconds);
        _links = Task.WhenAll(Nodes.Select(LinkAsync));
        _thread = new Thread(Make) { IsBackground = true };
        _thread.Start();
    }

    public IReadOnlyList<MadeUpNode> Nodes { get; }

    public LoadTotals Totals { get; } = new();

    /// <summary>Whether frames that are made now count for the lag.</summary>
    public bool Measures
    {
        get => _measures;
        set => _measures = value;
    }

    /// <summary>How late the generator itself was at most: beyond a second it measures itself.</summary>
    public long LateMs => Volatile.Read(ref _lateMs);

    /// <summary>Why the last connection failed.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    public int Connected => Nodes.Count(node => node.IsConnected);

    public long Made => Nodes.Sum(node => (long)node.Made);

    public long Unacknowledged => Nodes.Sum(node => (long)node.Unacknowledged);

    /// <summary>Age of the oldest frame that is not acknowledged, milliseconds.</summary>
    public long OldestMs => Environment.TickCount64 - (Nodes.Min(node => node.OldestMs) ?? Environment.TickCount64);

    /// <summary>No more frames; what waits is still sent.</summary>
    public void Finish()
    {
        _makes = false;
        _thread.Join();
    }

    public async ValueTask DisposeAsync()
    {
        Finish();
        await _stop.CancelAsync();
        await _links.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _connecting.Dispose();
    }

    private void MakeKept(long endSecond, int seconds)
    {
        var frame = new NodeFrame();
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        foreach (var node in Nodes)
        {
            for (long second = endSecond - seconds + 1; second <= endSecond; second++)
                node.Tick(second * 1_000, isMeasured: false, frame, buffer);
        }
    }

    private void Make()
    {
        var frame = new NodeFrame();
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        long second = (Now / 1_000) + 1;
        for (; _makes; second++)
        {
            for (int i = 0; i < Nodes.Count && _makes; i++)
            {
                long due = (second * 1_000) + ((long)i * SpreadMs / Nodes.Count);
                long wait = due - Now;
                if (wait > 0)
                    Thread.Sleep((int)wait);
                else if (-wait > _lateMs && _measures)
                    Volatile.Write(ref _lateMs, -wait);
                // A collector makes no frames before its first connection was tried; here before the first that succeeded.
                if (Nodes[i].Made > 0 || Nodes[i].IsConnected)
                    Nodes[i].Tick(second * 1_000, _measures, frame, buffer);
            }
        }
    }

    private async Task LinkAsync(MadeUpNode node)
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            bool entered = false;
            try
            {
                await _connecting.WaitAsync(_stop.Token);
                entered = true;
                await node.ConnectAsync(_socket, _token, Leave, _stop.Token);
            }
            catch (IOException failure)
            {
                Volatile.Write(ref _problem, failure.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            finally
            {
                Leave();
            }

            // Before its first frame a node only waits for its turn: the fleet shall be complete soon.
            var most = node.Made == 0 ? TimeSpan.FromSeconds(1) : _jitter;
            await Task.Delay((Random.Shared.NextDouble() * most) + TimeSpan.FromMilliseconds(50), _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            void Leave()
            {
                if (entered)
                    _connecting.Release();
                entered = false;
            }
        }
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
