using System.IO.Compression;
using System.Text.Json;
using ConntrackConsole.Cluster;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>What a real API server sent, played into a <see cref="ClusterState"/> at the times at which it came.</summary>
public sealed class Recording
{
    private readonly string _folder;
    private readonly DateTimeOffset _start;
    private readonly List<(double At, WatchedKind Kind, string Line)> _lines = [];

    public Recording(string name)
    {
        _folder = Path.Combine(AppContext.BaseDirectory, "fixtures", "recordings", name);
        using var about = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "about.json")));
        _start = DateTimeOffset.FromUnixTimeMilliseconds((long)(about.RootElement.GetProperty("t0_unix").GetDouble() * 1000));
        Clock = new FakeTimeProvider(_start);
        State = new ClusterState(Clock);
        State.Watching();
        foreach (var kind in WatchedKind.All)
        {
            using var list = JsonDocument.Parse(Read($"{kind.Name}.json.gz"));
            State.Apply([.. list.RootElement.GetProperty("items").EnumerateArray().Select(i => kind.Change(i, false)!)]);
        }

        State.Confirm(NowMs);
        foreach (string line in Read("watch.jsonl.gz").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var parsed = JsonDocument.Parse(line);
            if (WatchedKind.All.FirstOrDefault(k => k.Name == parsed.RootElement.GetProperty("kind").GetString()) is { } kind)
                _lines.Add((parsed.RootElement.GetProperty("t").GetDouble(), kind, parsed.RootElement.GetProperty("line").GetString()!));
        }
    }

    public FakeTimeProvider Clock { get; }

    public ClusterState State { get; }

    public long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public long At(double seconds) => (_start + TimeSpan.FromSeconds(seconds)).ToUnixTimeMilliseconds();

    public void PlayTo(double seconds)
    {
        while (_lines.Count > 0 && _lines[0].At <= seconds)
        {
            var (at, kind, line) = _lines[0];
            _lines.RemoveAt(0);
            Clock.SetUtcNow(_start + TimeSpan.FromSeconds(at));
            if (KubeReader.Read(kind, line).Change is { } change)
                State.Apply([change]);
        }

        if (_start + TimeSpan.FromSeconds(seconds) > Clock.GetUtcNow())
            Clock.SetUtcNow(_start + TimeSpan.FromSeconds(seconds));
    }

    private string Read(string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(_folder, file)), CompressionMode.Decompress));
        return text.ReadToEnd();
    }
}
