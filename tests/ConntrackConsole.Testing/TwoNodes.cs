using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Testing;

/// <summary>
/// Two nodes as network namespaces, joined by a link that is a veth as well (10.203.x.0/24), each with a pod
/// (10.203.x+1.2, 10.203.x+2.2), the first node with two (10.203.x+1.3), routed or on a bridge, and IPv6 beside it
/// (fd00:203:x::). Every instance has its own addresses and names.
/// </summary>
internal sealed partial class TwoNodes : IDisposable
{
    // A trace sees the whole machine: concurrent instances, also those of other test programs, must not share an address.
    private readonly ClaimedNumber _number = ClaimedNumber.Take("two-nodes", 63);
    private readonly string _id;
    private readonly int _net;
    private readonly List<string> _made = [];

    /// <param name="connected">False if no connection is needed: then the constructor does not wait until one is possible.</param>
    public TwoNodes(bool bridged = false, bool connected = true)
    {
        _net = 4 * _number.Value;
        _id = $"rst{Environment.ProcessId}-{_number.Value}";
        try
        {
            foreach (string name in (string[])[A, B, PodA, PodB, SecondPodA])
            {
                Ip($"netns add {_id}{name}");
                _made.Add(name);
                Ip($"-n {_id}{name} link set lo up");
            }

            Ip($"-n {_id}a link add cable type veth peer name cable netns {_id}b");
            foreach (var (node, own, other) in (ReadOnlySpan<(string, int, int)>)[("a", 1, 2), ("b", 2, 1)])
            {
                Ip($"-n {_id}{node} addr add 10.203.{_net}.{own}/24 dev cable");
                Ip($"-n {_id}{node} addr add fd00:203:{_net}::{own}/64 dev cable nodad");
                Ip($"-n {_id}{node} link set cable up");
                Sysctl($"{_id}{node}", "net/ipv4/ip_forward", "1");
                Sysctl($"{_id}{node}", "net/ipv6/conf/all/forwarding", "1");
                if (bridged)
                    AddBridge(node, own);
            }

            foreach (var (pod, node, own, last) in (ReadOnlySpan<(string, string, int, int)>)[(PodA, A, 1, 2), (SecondPodA, A, 1, 3), (PodB, B, 2, 2)])
                AddPod(pod, node, $"10.203.{_net + own}", $"fd00:203:{_net + own}:", last, bridged);

            foreach (var (node, own, other) in (ReadOnlySpan<(string, int, int)>)[("a", 1, 2), ("b", 2, 1)])
            {
                Ip($"-n {_id}{node} route add 10.203.{_net + other}.0/24 via 10.203.{_net}.{other}");
                Ip($"-n {_id}{node} route add fd00:203:{_net + other}::/64 via fd00:203:{_net}::{other}");
            }

            if (connected)
                Acquaint();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public const string A = "a";
    public const string B = "b";
    public const string PodA = "pa";
    public const string PodB = "pb";
    public const string SecondPodA = "qa";

    public Ip NodeAddress(string node) => Kernel.Net.Ip.Parse($"10.203.{_net}.{(node == A ? 1 : 2)}");

    public Ip NodeAddress6(string node) => Kernel.Net.Ip.Parse($"fd00:203:{_net}::{(node == A ? 1 : 2)}");

    public Ip PodAddress(string pod) => Kernel.Net.Ip.Parse($"10.203.{_net + (pod == PodB ? 2 : 1)}.{Last(pod)}");

    public Ip PodAddress6(string pod) => Kernel.Net.Ip.Parse($"fd00:203:{_net + (pod == PodB ? 2 : 1)}::{Last(pod)}");

    public Ip Address(int third, int fourth) => Kernel.Net.Ip.Parse($"10.203.{_net + third}.{fourth}");

    /// <summary>Runs `ip` inside one of the namespaces.</summary>
    public void Inside(string name, string arguments) => Ip($"-n {_id}{name} {arguments}");

    /// <summary>Runs an action on a new thread in the namespace; its sockets stay there.</summary>
    public T Inside<T>(string name, Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/run/netns/{_id}{name}");
                if (SetNs(handle, 0x40000000) < 0)
                    throw new IOException($"setns: {Marshal.GetLastPInvokeErrorMessage()}");
                result = work();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    public void Dispose()
    {
        foreach (string name in _made)
            Ip($"netns del {_id}{name}");
        _number.Dispose();
    }

    /// <summary>Runs an action on a new thread in the namespace, without waiting for it.</summary>
    public Thread Start(string name, Action work)
    {
        var thread = new Thread(() => Inside(name, () =>
        {
            work();
            return 0;
        }));
        thread.Start();
        return thread;
    }

    // Until the neighbours are resolved a SYN waits and is retransmitted after a second: both are then refused, and there are
    // two resets. So each pod connects to every other once, and closes the connection normally.
    private void Acquaint()
    {
        AwaitCables();
        (string Name, IPAddress[] Addresses)[] all =
        [
            .. ((string[])[PodA, SecondPodA, PodB]).Select(pod => (pod, (IPAddress[])[PodAddress(pod).ToIPAddress(), PodAddress6(pod).ToIPAddress()])),
            .. ((string[])[A, B]).Select(node => (node, (IPAddress[])[NodeAddress(node).ToIPAddress(), NodeAddress6(node).ToIPAddress()])),
        ];
        foreach (var (name, addresses) in all)
        {
            using var listener = Inside(name, () =>
            {
                var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
                socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 6998));
                socket.Listen(16);
                return socket;
            });
            foreach (string pod in ((string[])[PodA, SecondPodA, PodB]).Where(pod => pod != name))
            {
                Inside(pod, () =>
                {
                    foreach (var address in addresses)
                    {
                        using var client = Reach(new IPEndPoint(address, 6998));
                        using var accepted = listener.Accept();
                        client.Shutdown(SocketShutdown.Send);
                        accepted.Receive(new byte[1]);
                    }

                    return 0;
                });
            }
        }
    }

    // The kernel takes up to a second to detect that a link is up, and drops earlier packets.
    private void AwaitCables()
    {
        foreach (string name in _made)
        {
            string links = "";
            Eventually.True(
                () =>
                {
                    links = Run("ip", $"-n {_id}{name} -o link show up");
                    return links.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                        .All(link => link.Contains(" lo: ", StringComparison.Ordinal) || link.Contains("state UP", StringComparison.Ordinal));
                }, state: () => links, expression: $"all links of {name} are up");
        }
    }

    // A route may still be missing for a moment: IPv6 detects the link later.
    private static Socket Reach(IPEndPoint server)
    {
        Socket? client = null;
        Eventually.True(
            () =>
            {
                client = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    client.Connect(server);
                    return true;
                }
                catch (SocketException error) when (error.SocketErrorCode is SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.AddressNotAvailable)
                {
                    client.Dispose();
                    return false;
                }
            }, expression: $"{server} can be reached");
        return client!;
    }

    private static int Last(string pod) => pod == SecondPodA ? 3 : 2;

    private void AddBridge(string node, int own)
    {
        Ip($"-n {_id}{node} link add pods type bridge");
        Ip($"-n {_id}{node} addr add 10.203.{_net + own}.1/24 dev pods");
        Ip($"-n {_id}{node} addr add fd00:203:{_net + own}::1/64 dev pods nodad");
        Ip($"-n {_id}{node} link set pods up");
    }

    private void AddPod(string pod, string node, string net, string net6, int last, bool bridged)
    {
        string name = _id + pod;
        string address = $"{net}.{last}", address6 = $"{net6}:{last}";
        Ip($"-n {_id}{node} link add {pod} type veth peer name eth0 netns {name}");
        if (bridged)
            Ip($"-n {_id}{node} link set {pod} master pods");
        Ip($"-n {_id}{node} link set {pod} up");
        Ip($"-n {name} addr add {address}/{(bridged ? 24 : 32)} dev eth0");
        Ip($"-n {name} addr add {address6}/{(bridged ? 64 : 128)} dev eth0 nodad");
        Ip($"-n {name} link set eth0 up");
        if (bridged)
        {
            Ip($"-n {name} route add default via {net}.1");
            Ip($"-n {name} route add default via {net6}:1 dev eth0");
            return;
        }

        Ip($"-n {_id}{node} addr add 169.254.1.1/32 dev {pod}");
        Ip($"-n {_id}{node} addr add fe80::1/64 dev {pod} nodad");
        Ip($"-n {name} route add 169.254.1.1/32 dev eth0");
        Ip($"-n {name} route add default via 169.254.1.1");
        Ip($"-n {name} route add default via fe80::1 dev eth0");
        Ip($"-n {_id}{node} route add {address}/32 dev {pod} scope link");
        Ip($"-n {_id}{node} route add {address6}/128 dev {pod}");
    }

    private static void Sysctl(string name, string key, string value) =>
        Run("ip", $"netns exec {name} sh -c", $"echo {value} > /proc/sys/{key}");

    private static void Ip(string arguments) => Run("ip", arguments);

    private static string Run(string program, string arguments, string? last = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments.Split(' '))
            start.ArgumentList.Add(argument);
        if (last is not null)
            start.ArgumentList.Add(last);
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {arguments}: {error}");
        return output;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNs(SafeHandle fd, int kind);
}
