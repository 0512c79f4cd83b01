using System.Globalization;

namespace ConntrackConsole.Testing;

/// <summary>Lines for conntrack -R: TCP in several states, UDP, ICMP, SCTP; translated and not; IPv4 and IPv6.</summary>
internal static class RandomEntries
{
    private static readonly string[] TcpStates =
        ["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"];

    public static IEnumerable<string> Lines(int count, int seed)
    {
        var random = new Random(seed);
        for (int index = 0; index < count; index++)
            yield return Line(random, index);
    }

    private static string Line(Random random, int index)
    {
        bool v6 = random.Next(4) == 0;
        // The index is part of the client's address and port, so that no two entries clash.
        string client = v6 ? $"fd00:1::{index / 50000 + 1:x}:{index % 50000 / 250 + 1:x}" : $"10.{index / 12_500_000 + 1}.{index / 50000 % 250}.{index % 50000 / 250 + 1}";
        int sport = 10_000 + (index % 250);
        string vip = v6 ? $"fd00:96::{random.Next(1, 6)}" : $"10.96.0.{random.Next(1, 6)}";
        string pod = v6 ? $"fd00:244::{random.Next(1, 20):x}" : $"10.244.{random.Next(2)}.{random.Next(1, 20)}";
        bool translated = random.Next(2) == 0;
        string target = translated || random.Next(2) == 0 ? vip : pod;
        bool replied = random.Next(3) != 0;
        bool assured = replied && random.Next(2) == 0;
        string status = replied ? " -u SEEN_REPLY" + (assured ? ",ASSURED" : "") : "";
        string end = $"--timeout {random.Next(1000, 5000)}{status}";
        switch (random.Next(10))
        {
            case < 6:
                string state = TcpStates[random.Next(TcpStates.Length)];
                return Ports("tcp", 80, 8080, $"--state {state} {end}");
            case < 8:
                return Ports("udp", 53, 5353, end);
            case < 9 when !v6:
                return $"-A -p icmp -s {client} -d {target} --icmp-type 8 --icmp-code 0 --icmp-id {sport} {end}";
            default:
                return v6
                    ? $"-A -p icmpv6 -s {client} -d {target} --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id {sport} {end}"
                    : Ports("tcp", 443, 8443, $"--state ESTABLISHED {end}");
        }

        string Ports(string proto, int port, int targetPort, string rest)
        {
            string reply = translated ? $" -r {pod} -q {client} --reply-port-src {targetPort} --reply-port-dst {sport}" : "";
            return string.Create(CultureInfo.InvariantCulture, $"-A -p {proto} -s {client} -d {target} --sport {sport} --dport {port}{reply} {rest}");
        }
    }
}
