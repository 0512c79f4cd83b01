using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Observation;

/// <summary>
/// When the latest new entry of each watched address was made: a frame counts those of a whole second, and of which part of it they are decides whether
/// kube-proxy is late. Bounded by the watch list. Not thread-safe.
/// </summary>
internal sealed class NewEntries
{
    /// <summary>Each is a row of a frame: of an address that goes on to get new entries, a minute is enough.</summary>
    public const int MaxReports = 60;

    private const long SecondMs = 1_000;

    private readonly Dictionary<Ip, Latest> _byBackend = [];

    public bool Any => _byBackend.Count > 0;

    /// <param name="afterMs">It was made after this, milliseconds of Unix time.</param>
    public void Add(Ip backend, long afterMs) => CollectionsMarshal.GetValueRefOrAddDefault(_byBackend, backend, out _).AfterMs = afterMs;

    /// <summary>The age of each address's latest new entry of the second that ends with a frame, at most; each once.</summary>
    public List<(Ip Backend, uint AgeMs)> Take(IReadOnlySet<Ip> watched, long frameMs)
    {
        var taken = new List<(Ip, uint)>();
        foreach (var (ip, latest) in _byBackend.ToList())
        {
            if (!watched.Contains(ip))
            {
                _byBackend.Remove(ip);
                continue;
            }

            // What was possibly made before the frame's second is no news beside its count.
            bool isReported = latest.AfterMs > frameMs - SecondMs && latest.Reports < MaxReports;
            if (isReported)
                taken.Add((ip, (uint)Math.Max(1, frameMs - latest.AfterMs)));
            _byBackend[ip] = new Latest { Reports = latest.Reports + (isReported ? 1 : 0) };
        }

        return taken;
    }

    private struct Latest
    {
        public long AfterMs;
        public int Reports;
    }
}
