using System.Diagnostics;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings.Explanation;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.Tests.Findings.Explanation;

/// <summary>The lines, entered in a network namespace that has what they look for: the real programs understand them and show it.</summary>
public sealed class ShellLinesRunTests : IDisposable
{
    private static int _count;

    private readonly NetworkNamespace _node = NetworkNamespace.Create($"cclines-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");

    public static TheoryData<string, bool> All => [.. Explained.Codes.SelectMany(code => new[] { (code, false), (code, true) })];

    public void Dispose()
    {
        _node.Dispose();
        NetworkNamespace.Delete(_node.Name);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task LinesOfANode_RunAndShowWhatTheyAreFor(string code, bool v6)
    {
        var lines = ShellLines.Of(Explained.Of(code, v6)).Where(line => line.Place == ShellPlace.Node).ToList();
        Assert.NotEmpty(lines);
        await FillAsync(code, v6);
        foreach (var line in lines)
        {
            string program = line.Text.Split(' ')[0];
            // kube-proxy is not here, and IPVS may be unknown to this kernel.
            if (program is "curl" or "ipvsadm" || line.Text.Contains("net.ipv4.vs.", StringComparison.Ordinal))
                continue;
            bool follows = line.Text.StartsWith("conntrack -E", StringComparison.Ordinal);
            var (exit, output, error) = await RunAsync(follows ? $"timeout --preserve-status -s INT 0.4 {line.Text}" : line.Text);
            // On a busy machine the signal may come before conntrack handles it.
            if (follows && exit == 130)
                (exit, output, error) = await RunAsync($"timeout --preserve-status -s INT 8 {line.Text}");
            Assert.True(exit == 0, $"{line.Text}: {exit}: {error}");
            string shown = v6 ? Explained.Backend(true) : Explained.Backend(false);
            if (line.Text.StartsWith("conntrack -L", StringComparison.Ordinal) && code != MechanismCodes.Bypassed)
                Assert.True(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 1, $"{line.Text}: {output}");
            else if (program is "ip" && line.Text.Contains("route", StringComparison.Ordinal))
                Assert.Contains("unreachable", output, StringComparison.Ordinal);
            else if (program is "ip")
                Assert.Contains(shown, output, StringComparison.Ordinal);
            else if (line.Text.Contains("grep -F", StringComparison.Ordinal) && program == "nft")
                Assert.Contains("dnat to", output, StringComparison.Ordinal);
            else if (line.Text.Contains("grep -i", StringComparison.Ordinal))
                Assert.Contains(line.Text.Contains("masquerade", StringComparison.Ordinal) ? "masquerade" : "ct state invalid drop", output, StringComparison.Ordinal);
            else if (program is "nstat" or "sysctl")
                Assert.True(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Any(row => row.Any(char.IsAsciiDigit) && !row.StartsWith('#')), $"{line.Text}: {output}");
        }
    }

    // The entry that the lines select and others beside it: another backend, another Service, another protocol.
    private async Task FillAsync(string code, bool v6)
    {
        string vip = Explained.Vip(v6), backend = Explained.HasNoBackend(code) ? vip : Explained.Backend(v6), client = v6 ? "fd00:1::99" : "10.1.9.9";
        string proto = Explained.IsUdp(code) ? "udp" : "tcp", other = Explained.IsUdp(code) ? "tcp" : "udp";
        // With -I, conntrack takes the family from the addresses and refuses -f.
        string Entry(string from, string to, int port, string used, int sport) =>
            $"conntrack -I -p {used} -s {client} -d {to} --sport {sport} --dport {port} -r {from} -q {client} --reply-port-src 8080 --reply-port-dst {sport} -t 300"
            + (used == "udp" ? "" : code == MechanismCodes.SynReuse ? " --state SYN_SENT" : " --state ESTABLISHED -u SEEN_REPLY,ASSURED");
        string ip = v6 ? "ip -6" : "ip", table = v6 ? "ip6" : "ip", target = v6 ? $"[{Explained.Backend(true)}]:8080" : $"{Explained.Backend(false)}:8080";
        await MustAsync(string.Join(" && ",
            "ip link set lo up", "ip link add d0 type veth peer name d1", "ip link set d0 up", $"{ip} route add unreachable {Explained.Backend(v6)}",
            $"{ip} neigh add {Explained.Backend(v6)} lladdr 02:00:00:00:00:01 dev d0 nud permanent",
            $"nft 'add table {table} t; add chain {table} t n {{ type nat hook prerouting priority -100; }}; add rule {table} t n {table} daddr {vip} tcp dport 80 dnat to {target}; add chain {table} t f {{ type filter hook forward priority 0; }}; add rule {table} t f ct state invalid drop; add chain {table} t p {{ type nat hook postrouting priority 100; }}; add rule {table} t p masquerade'",
            Entry(backend, vip, 80, proto, 40_000), Entry(v6 ? "fd00:1::6" : "10.1.0.6", vip, 80, proto, 40_001), Entry(backend, v6 ? "fd00:96::b" : "10.96.0.11", 80, proto, 40_002),
            Entry(backend, vip, 81, proto, 40_003), Entry(backend, vip, 80, other, 40_004)));
    }

    private async Task MustAsync(string line)
    {
        var (exit, _, error) = await RunAsync(line);
        Assert.True(exit == 0, $"{line}: {error}");
    }

    private async Task<(int Exit, string Output, string Error)> RunAsync(string line)
    {
        var start = new ProcessStartInfo("sh", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var shell = _node.Run(() => Process.Start(start)!);
        var error = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (shell.ExitCode, output, await error);
    }
}
