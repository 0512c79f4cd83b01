using System.Diagnostics;
using System.Text.RegularExpressions;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Nftables;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>
/// A node to be attacked: a network namespace with real entries, the real collector in it, and the conntrack program to
/// verify the entries afterwards.
/// </summary>
internal sealed partial class AttackedNode : IAsyncDisposable
{
    public const string Gateway = "192.168.0.254", PodBridge = "10.1.0.1", PodBroadcast = "10.1.0.255";

    private readonly NetworkNamespace _inside = NetworkNamespace.Create($"ccatk-{Guid.NewGuid():n}"[..15]);
    private Process? _collector;
    private string[] _entries = [];
    private string[] _settings = [];

    /// <param name="folder">Directory of the console's socket.</param>
    /// <param name="address">Address of the node.</param>
    /// <param name="backends">An address for each entry.</param>
    public static async Task<AttackedNode> StartAsync(string name, DirectoryInfo folder, string address, IEnumerable<string> backends)
    {
        var node = new AttackedNode();
        string[] network =
        [
            "link add v0 type veth peer name v1", $"addr add {PodBridge}/24 dev v0", $"addr add {address}/24 dev v1",
            "link set lo up", "link set v0 up", "link set v1 up", $"route add default via {Gateway}",
        ];
        foreach (string line in network)
            await RunAsync("ip", ["-n", node._inside.Name, .. line.Split(' ')]);
        await node.InsertAsync(backends.Select((backend, number) => Entry(backend, 40_000 + number)));
        node._collector = OutageProcesses.CollectorOfMany(node._inside, folder, name);
        return node;
    }

    public bool Runs => _collector is { HasExited: false };

    /// <summary>A Service's established flow to a backend, as a line for conntrack -R; for UDP one that was never answered.</summary>
    public static string Entry(string backend, int port, string proto = "tcp")
    {
        (string client, string vip) = backend.Contains(':', StringComparison.Ordinal) ? ("fd00:9::1", "fd00:96::10") : ("10.9.0.1", "10.96.0.10");
        return $"-A -p {proto} -s {client} -d {vip} --sport {port} --dport 80 -r {backend} -q {client} --reply-port-src 8080 --reply-port-dst {port} -t 20000"
            + (proto == "tcp" ? " --state ESTABLISHED -u SEEN_REPLY,ASSURED" : "");
    }

    /// <summary>Adds entries to the table; from now on they must remain.</summary>
    public async Task InsertAsync(IEnumerable<string> lines)
    {
        string file = Path.GetTempFileName();
        try
        {
            string[] all = [.. lines];
            await File.WriteAllLinesAsync(file, all, TestContext.Current.CancellationToken);
            int before = (await EntriesAsync()).Length;
            await ConntrackAsync("-R", file);
            await RememberAsync();
            Assert.Equal(before + all.Length, _entries.Length);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public async Task DeleteAsync(string backend)
    {
        await ConntrackAsync("-D", "-r", backend);
        await RememberAsync();
    }

    /// <summary>These entries may be deleted; all others must remain.</summary>
    public void Expect(string goneBackend)
    {
        int before = _entries.Length;
        _entries = [.. _entries.Where(line => !line.Contains($"src={goneBackend} ", StringComparison.Ordinal))];
        Assert.True(_entries.Length < before, $"there was no entry of {goneBackend}");
    }

    public string Setting(string name) => _inside.Run(() => File.ReadAllText($"/proc/sys/net/netfilter/{name}").Trim());

    public bool DropsInvalid() => _inside.Run(() => ArmedFilter.TryRead(out var state) && state.IsArmed);

    /// <summary>Runs the collector's command line on this node, with the state directory of its daemon.</summary>
    public async Task<int> CommandAsync(DirectoryInfo folder, string name, params string[] arguments)
    {
        using var process = OutageProcesses.CommandOf(_inside, folder, name, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    /// <summary>The current entries must remain.</summary>
    private async Task RememberAsync() => (_entries, _settings) = (await EntriesAsync(), Settings());

    /// <summary>Dumps the table and reads the settings again: the same entries by tuples, zone and id, and the same values.</summary>
    public async Task AssertUntouchedAsync()
    {
        Assert.NotEmpty(_entries);
        Assert.Equal(_entries, await EntriesAsync());
        Assert.Equal(_settings, Settings());
        Assert.True(Runs, "the collector ended");
    }

    public async ValueTask DisposeAsync()
    {
        if (_collector is not null)
            await OutageProcesses.KillAsync(_collector);
        _inside.Dispose();
        NetworkNamespace.Delete(_inside.Name);
    }

    // Without timeouts, and sorted.
    private async Task<string[]> EntriesAsync() =>
        [.. (await ConntrackAsync("-L", "-o", "extended,id")).Split('\n').Where(line => line.StartsWith("ipv", StringComparison.Ordinal))
            .Select(line => Remaining().Replace(line, "$1 ")).Order(StringComparer.Ordinal)];

    private string[] Settings() => _inside.Run(() => Directory.EnumerateFiles("/proc/sys/net/netfilter", "nf_conntrack_*")
        .Where(file => !file.EndsWith("_count", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        .Select(file => $"{Path.GetFileName(file)}={File.ReadAllText(file).Trim()}").ToArray());

    private async Task<string> ConntrackAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("conntrack", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = _inside.Run(() => Process.Start(start)!);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"conntrack {string.Join(' ', arguments)}: {await errors}");
        return output;
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        var (code, output) = await RunningLab.RunAsync(program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: {output}");
        return output;
    }

    [GeneratedRegex(@"^(ipv\d\s+\d+\s+\S+\s+\d+) \d+")]
    private static partial Regex Remaining();
}
