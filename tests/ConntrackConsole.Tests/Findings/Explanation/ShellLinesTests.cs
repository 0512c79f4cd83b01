using System.Text.RegularExpressions;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Findings.Explanation;
using Xunit;

namespace ConntrackConsole.Tests.Findings.Explanation;

public sealed partial class ShellLinesTests
{
    public static TheoryData<string> Codes => [.. Explained.Codes];

    [Theory]
    [MemberData(nameof(Codes))]
    public void EveryMechanism_HasLines_WithItsAddresses(string code)
    {
        foreach (bool v6 in new[] { false, true })
        {
            var observed = Explained.Of(code, v6);
            var lines = ShellLines.Of(observed);
            Assert.InRange(lines.Count, 2, 8);
            Assert.All(lines, line => Assert.True(line.Shows.Length > 5 && line.Text.Length > 5));
            Assert.Equal(lines.Count, lines.Select(line => line.Text).Distinct().Count());
            if (observed.Finding.Mechanism.IsWarning)
                continue;
            string address = Explained.HasNoBackend(code) || code == MechanismCodes.Bypassed ? Explained.Vip(v6) : Explained.Backend(v6);
            if (code is not (MechanismCodes.InvalidDropped or MechanismCodes.PortClash))
                Assert.Contains(lines, line => line.Text.Contains(address, StringComparison.Ordinal));
            Assert.All(lines.Where(line => line.Text.StartsWith("conntrack -L", StringComparison.Ordinal) || line.Text.StartsWith("conntrack -E", StringComparison.Ordinal)),
                line => Assert.Equal(v6, line.Text.Contains(" -f ipv6", StringComparison.Ordinal)));
        }
    }

    /// <summary>They read: nothing deletes, inserts, sets or applies.</summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void EveryLine_OnlyReads(string code) => Assert.All(ShellLines.Of(Explained.Of(code)), line =>
    {
        Assert.Matches("^(conntrack -(L|S|E|C)( |$)|ip (-6 )?(route|neigh) show |nft list |nstat -az |sysctl [a-z][a-z0-9_. ]*$|curl -s http://127.0.0.1:|ipvsadm -L |ip6?tables-save -t nat |kubectl (get|exec) )", line.Text);
        Assert.DoesNotContain("-w", line.Text.Split(' '));
    });

    [Theory]
    [MemberData(nameof(Codes))]
    public void KubectlLines_AreOfAKnownForm(string code)
    {
        foreach (var line in ShellLines.Of(Explained.Of(code)).Where(line => line.Text.StartsWith("kubectl", StringComparison.Ordinal)))
        {
            Assert.Equal((ShellPlace.Cluster, null), (line.Place, line.Node));
            Assert.Matches(Kubectl(), line.Text);
        }
    }

    /// <summary>A name is an argument, whatever it contains: it adds no option and no command.</summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void HostileNames_StayOneWord(string code)
    {
        const string Evil = "x'; touch /tmp/owned; '";
        foreach (var line in ShellLines.Of(Explained.Of(code, ns: Evil, service: "$(reboot)", pod: "-x`id`")))
        {
            string outside = Quoted().Replace(line.Text, "Q");
            Assert.DoesNotContain(";", outside, StringComparison.Ordinal);
            Assert.DoesNotContain("$", outside, StringComparison.Ordinal);
            Assert.DoesNotContain("`", outside, StringComparison.Ordinal);
            Assert.DoesNotContain("touch", outside, StringComparison.Ordinal);
            Assert.DoesNotContain(" -x", outside, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(ShellLines.Of(Explained.Of(code, service: "a\nreboot")), line => line.Text.Contains('\n', StringComparison.Ordinal));
    }

    [Fact]
    public void BlackHole_HasTheEntryTheOwnerAndTheRoute() => Assert.Equal(
        [
            "conntrack -L -p tcp -d 10.96.0.10 --orig-port-dst 80 -r 10.1.0.5", "kubectl get pods --all-namespaces --field-selector=status.podIP=10.1.0.5 --output=wide", "ip route show match 10.1.0.5",
            "ip neigh show to 10.1.0.5", "nstat -az IpOutNoRoutes", "sysctl net.netfilter.nf_conntrack_tcp_loose",
        ], ShellLines.Of(Explained.Of(MechanismCodes.BlackHole)).Select(line => line.Text));

    // One verb, one or two kinds, and options with their values.
    [GeneratedRegex(@"^kubectl (get (pods|events|endpointslices|deployment/checkout)|exec)( (--(namespace|selector|field-selector|output)=[A-Za-z0-9_@%+=:,./-]+|'--output=jsonpath=[^']+'|--all-namespaces|daemonset/cilium|-- cilium-dbg bpf ct list global))+$")]
    private static partial Regex Kubectl();

    // Single-quoted parts with their escaped quotes.
    [GeneratedRegex(@"('[^']*'|\\')+")]
    private static partial Regex Quoted();
}
