using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ConntrackConsole.Kernel.Namespaces;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Netlink;
using ConntrackConsole.Lab.Cluster;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.KubeProxy;

/// <summary>
/// The same translation by scripts of the program nft: for IPv6, and in the form of kube-proxy's nftables mode, where verdict maps lead to a
/// Service and to a random one of its endpoints.
/// </summary>
/// <param name="isV6">Table ip6 kube-proxy instead of table ip kube-proxy.</param>
/// <param name="maps">Verdict maps instead of a rule for each Service and endpoint.</param>
internal sealed partial class ScriptRules(NetworkNamespace networkNamespace, bool isV6, bool maps) : INodeRules
{
    private const string Forward = "filter-forward", Services = "services", NoEndpoints = "service-endpoints-check", Refuse = "refuse";
    private const string ServiceIps = "service-ips", NoEndpointServices = "no-endpoint-services";

    private readonly HashSet<string> _refused = [];
    private readonly Lock _lock = new();
    private IReadOnlyList<LabService> _services = [];

    private string Table => isV6 ? "ip6 kube-proxy" : "ip kube-proxy";

    private string Family => isV6 ? "ip6" : "ip";

    /// <summary>Starts nft once on the caller's thread, which must be in the machine's own network: to be called before any other process is started.</summary>
    /// <remarks>The runtime creates its thread for signals on the thread that starts the first process, and threads of the pool on that one. All of
    /// them have its network: if it were a node's, the lab could not reach the console.</remarks>
    /// <exception cref="InvalidOperationException">The program is missing.</exception>
    public static void RequireProgram()
    {
        using var process = Started(() => Process.Start(new ProcessStartInfo("nft", ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!);
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
    }

    /// <inheritdoc/>
    public void Install()
    {
        var lines = new List<string> { $"add table {Table}" };
        if (maps)
        {
            foreach (string map in (string[])[ServiceIps, NoEndpointServices])
                lines.Add($"add map {Table} {map} {{ type {(isV6 ? "ipv6_addr" : "ipv4_addr")} . inet_proto . inet_service : verdict; }}");
        }

        lines.AddRange([$"add chain {Table} {Services}", $"add chain {Table} {NoEndpoints}", $"add chain {Table} {Refuse}", $"add rule {Table} {Refuse} reject"]);
        foreach (string hook in (string[])["prerouting", "output"])
        {
            lines.AddRange(
            [
                $"add chain {Table} filter-{hook} {{ type filter hook {hook} priority -110; }}", $"add chain {Table} nat-{hook} {{ type nat hook {hook} priority -100; }}",
                $"add rule {Table} filter-{hook} ct state new jump {NoEndpoints}", $"add rule {Table} nat-{hook} jump {Services}",
            ]);
        }

        if (maps)
        {
            lines.Add($"add rule {Table} {Services} {Family} daddr . meta l4proto . th dport vmap @{ServiceIps}");
            lines.Add($"add rule {Table} {NoEndpoints} {Family} daddr . meta l4proto . th dport vmap @{NoEndpointServices}");
        }

        Run(lines);
        networkNamespace.Run(NamespaceSysctl.SetAsKubeProxy);
    }

    /// <inheritdoc/>
    public void SetServices(IReadOnlyList<LabService> services, LabService? added = null)
    {
        lock (_lock)
        {
            var lines = new List<string>();
            if (added is not null)
            {
                // A Service of this name may have been here before.
                lines.AddRange([$"add chain {Table} {Chain(added)}", $"flush chain {Table} {Chain(added)}"]);
                _refused.Add(added.Key);
            }

            _services = [.. services];
            Lead(lines);
            Run(lines);
        }
    }

    /// <inheritdoc/>
    public void Replace(LabService service, IReadOnlyList<Ip> endpoints)
    {
        lock (_lock)
        {
            var lines = new List<string> { $"flush chain {Table} {Chain(service)}" };
            if (maps && endpoints.Count > 0)
            {
                foreach (var endpoint in endpoints)
                    lines.AddRange([$"add chain {Table} {Chain(service, endpoint)}", $"flush chain {Table} {Chain(service, endpoint)}", $"add rule {Table} {Chain(service, endpoint)} {Dnat(service, endpoint)}"]);
                lines.Add($"add rule {Table} {Chain(service)} numgen random mod {endpoints.Count} vmap {{ {string.Join(", ", endpoints.Select((endpoint, i) => $"{i} : goto {Chain(service, endpoint)}"))} }}");
            }

            // Each rule sees only what the rules before it did not match, so 1/n, 1/(n-1), ... gives each endpoint the same share.
            for (int i = 0; i < endpoints.Count && !maps; i++)
                lines.Add($"add rule {Table} {Chain(service)} numgen random mod {endpoints.Count - i} 0 {Dnat(service, endpoints[i])}");
            if (endpoints.Count > 0)
                _refused.Remove(service.Key);
            else
                _refused.Add(service.Key);
            Lead(lines);
            Run(lines);
        }
    }

    /// <inheritdoc/>
    public void DropInvalid(bool drops) => Run(
        [$"add chain {Table} {Forward} {{ type filter hook forward priority -110; }}", $"flush chain {Table} {Forward}", .. drops ? [$"add rule {Table} {Forward} ct state invalid counter drop"] : (string[])[]]);

    /// <inheritdoc/>
    public long? InvalidDropped() => Counter().Match(Nft(["list", "chain", .. Table.Split(' '), Forward], null)) is { Success: true } match
        ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"counter packets (\d+)")]
    private static partial Regex Counter();

    // What leads to the chains of all Services.
    private void Lead(List<string> lines)
    {
        if (maps)
        {
            lines.AddRange([$"flush map {Table} {ServiceIps}", $"flush map {Table} {NoEndpointServices}"]);
            foreach (var service in _services)
            {
                string key = $"{service.Address} . {service.Protocol.ToLowerInvariant()} . {service.Port}";
                lines.Add($"add element {Table} {ServiceIps} {{ {key} : goto {Chain(service)} }}");
                if (_refused.Contains(service.Key))
                    lines.Add($"add element {Table} {NoEndpointServices} {{ {key} : goto {Refuse} }}");
            }

            return;
        }

        lines.AddRange([$"flush chain {Table} {Services}", $"flush chain {Table} {NoEndpoints}"]);
        foreach (var service in _services)
        {
            string to = $"{Family} daddr {service.Address} {service.Protocol.ToLowerInvariant()} dport {service.Port}";
            lines.Add($"add rule {Table} {Services} {to} jump {Chain(service)}");
            if (_refused.Contains(service.Key))
                lines.Add($"add rule {Table} {NoEndpoints} {to} jump {Refuse}");
        }
    }

    private string Dnat(LabService service, Ip endpoint) =>
        $"meta l4proto {service.Protocol.ToLowerInvariant()} dnat to {(isV6 ? $"[{endpoint}]" : $"{endpoint}")}:{service.TargetPort}";

    private static string Chain(LabService service) => $"service-{service.Name}-{service.Protocol.ToLowerInvariant()}";

    private static string Chain(LabService service, Ip endpoint) => $"endpoint-{service.Name}-{endpoint.ToString().Replace('.', '-').Replace(':', '-')}";

    private void Run(IEnumerable<string> lines) => Nft(["-f", "-"], string.Join('\n', lines) + "\n");

    private string Nft(IReadOnlyList<string> arguments, string? script)
    {
        var start = new ProcessStartInfo("nft", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Started(() => networkNamespace.Run(() => Process.Start(start))!);
        process.StandardInput.Write(script);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // As the kernel's own refusal: the sync has failed, and is tried again.
        return process.ExitCode == 0 ? output : throw new NetlinkException(Errno.Ok, $"nft refused the rules: {error.Result}");
    }

    private static Process Started(Func<Process> start)
    {
        try
        {
            return start();
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"nft cannot be started: {e.Message}. This variant needs it (Debian: nftables).", e);
        }
    }
}
