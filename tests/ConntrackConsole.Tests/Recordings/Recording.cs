using ConntrackConsole.Cluster.Model;
using ConntrackConsole.Cluster.State;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Tests.Recordings;

/// <summary>
/// Plays a recording directly into a <see cref="ClusterState"/> at the recorded times, without a server; see
/// <c>RecordedRun</c> for a replay over HTTP.
/// </summary>
internal sealed class Recording
{
    private readonly RecordedFiles _files;
    private int _next;

    public Recording(string name)
    {
        _files = new RecordedFiles(name);
        Clock = new FakeTimeProvider(_files.Start);
        State = new ClusterState(Clock);
        State.Watching();
        foreach (var kind in _files.ListObjects.GroupBy(o => o.Kind))
            State.Apply([.. kind.Select(o => o.Change).OfType<ClusterChange>()]);
        State.Confirm(NowMs);
    }

    public FakeTimeProvider Clock { get; }

    public ClusterState State { get; }

    public long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public long At(double seconds) => _files.At(seconds);

    public void PlayTo(double seconds)
    {
        for (; _next < _files.Lines.Count && _files.Lines[_next].T <= seconds; _next++)
        {
            var line = _files.Lines[_next];
            Clock.SetUtcNow(_files.Start + TimeSpan.FromSeconds(line.T));
            if (line.Change is { } change)
                State.Apply([change]);
        }

        if (_files.Start + TimeSpan.FromSeconds(seconds) > Clock.GetUtcNow())
            Clock.SetUtcNow(_files.Start + TimeSpan.FromSeconds(seconds));
    }
}
