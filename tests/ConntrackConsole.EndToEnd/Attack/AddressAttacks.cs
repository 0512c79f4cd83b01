namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>Invalid, multiple or protected addresses; unknown node names.</summary>
internal static class AddressAttacks
{
    private const string Plain = "flush.invalid_address", Never = "flush.owner_unknown", NoNode = "action.unknown_node";
    private const string Dead = AttackedConsole.Dead;

    public static readonly Attack[] All =
    [
        Address("everything, by CIDR", "0.0.0.0/0", Plain),
        Address("a CIDR of one address", $"{Dead}/32", Plain),
        Address("a CIDR of a pod network", "10.1.0.0/16", Plain),
        Address("an IPv6 CIDR", $"{AttackedConsole.DeadV6}/64", Plain),
        Address("a CIDR of one IPv6 address", $"{AttackedConsole.DeadV6}/128", Plain),
        Address("a range", "10.1.0.5-10.1.0.9", Plain),
        Address("a wildcard", "10.1.0.*", Plain),
        Address("two addresses", "10.1.0.5,10.1.0.6", Plain),
        Address("an IPv4-mapped address", $"::ffff:{Dead}", Plain),
        Address("an IPv4-mapped address in hex", "::ffff:a01:5", Plain),
        Address("an IPv4-compatible address", $"::{Dead}", Never),
        Address("a NAT64 address", $"64:ff9b::{Dead}", Never),
        Address("leading zeros", "010.001.000.005", Plain),
        Address("hex", "0x0a.0x01.0x00.0x05", Plain),
        Address("one number", "167837701", Plain),
        Address("three parts", "10.1.5", Plain),
        Address("five parts", "10.1.0.5.0", Plain),
        Address("a number beyond 255", "10.1.0.261", Plain),
        Address("a blank before", $" {Dead}", Plain),
        Address("a blank behind", $"{Dead} ", Plain),
        Address("a newline behind", $"{Dead}\n", Plain),
        Address("a newline and another address", $"{Dead}\n{AttackedConsole.Live}", Plain),
        Address("a zero byte", $"{Dead}\0", Plain),
        Address("full-width digits", "１０.１.０.５", Plain),
        Address("Arabic digits", "١٠.١.٠.٥", Plain),
        Address("a dot behind", $"{Dead}.", Plain),
        Address("a port", $"{Dead}:80", Plain),
        Address("brackets", $"[{AttackedConsole.DeadV6}]", Plain),
        Address("brackets and a port", $"[{AttackedConsole.DeadV6}]:80", Plain),
        Address("a zone", $"{AttackedConsole.DeadV6}%eth0", Plain),
        Address("a zone by number", "fe80::1%1", Plain),
        Address("a name", "localhost", Plain),
        Address("an option", "--help", Plain),
        Address("nothing", "", Plain),
        Address("a live pod's", AttackedConsole.Live, "flush.owner_live"),
        Address("one that no pod ever had", AttackedConsole.NeverSeen, Never),
        Address("a node's", "192.168.0.1", "flush.node_address"),
        Address("the other node's", "192.168.0.2", "flush.node_address"),
        Address("a Service's", Tests.Cluster.Objects.Vip, "flush.owner_service"),
        Address("of a pod in its node's network", AttackedConsole.HostPod, Never),
        Address("a gateway's", "192.168.0.253", Never),
        Address("a client's", "10.9.0.1", Never),
        Address("link-local", "169.254.1.1", Never),
        Address("'this network'", "0.0.0.1", Never),
        // Pods of the cluster had these addresses, so each node refuses from its own observation.
        Impossible("the node's gateway", AttackedNode.Gateway, "flush.node_address"),
        Impossible("the node's address towards its pods", AttackedNode.PodBridge, "flush.node_address"),
        Impossible("the broadcast of the node's pods", AttackedNode.PodBroadcast, "flush.node_address"),
        Impossible("loopback", "127.0.0.1", "flush.address_not_pod"),
        Impossible("IPv6 loopback", "::1", "flush.address_not_pod"),
        Impossible("multicast", "224.0.0.1", "flush.address_not_pod"),
        Impossible("IPv6 multicast", "ff02::1", "flush.address_not_pod"),
        Impossible("broadcast", "255.255.255.255", "flush.address_not_pod"),
        Impossible("the unspecified", "0.0.0.0", "flush.address_not_pod"),
        Impossible("the unspecified of IPv6", "::", "flush.address_not_pod"),
        Flush("the preset all while its pod terminates", ActionBodies.Flush(AttackedConsole.Ending, ""","preset":"all" """), "flush.preset_needs_break_glass"),
        Flush("a scope with an unknown protocol", ActionBodies.Flush(Dead, ""","scope":{"proto":"icmp"}"""), "flush.invalid_protocol"),
        Flush("a scope with a protocol in capitals", ActionBodies.Flush(Dead, ""","scope":{"proto":"TCP"}"""), "flush.invalid_protocol"),
        Flush("a scope with a CIDR", ActionBodies.Flush(Dead, ""","scope":{"vip":"10.96.0.0/12"}"""), "flush.invalid_service_address"),
        Flush("a scope with a mapped address", ActionBodies.Flush(Dead, ""","scope":{"vip":"::ffff:10.96.0.10"}"""), "flush.invalid_service_address"),
        Flush("a scope with an empty address", ActionBodies.Flush(Dead, ""","scope":{"vip":""}"""), "flush.invalid_service_address"),
        Flush("a scope with a port and no address", ActionBodies.Flush(Dead, ""","scope":{"vipPort":80}"""), "flush.port_without_address"),
        Flush("a scope with port 0", ActionBodies.Flush(Dead, ""","scope":{"vip":"10.96.0.10","vipPort":0}"""), "flush.invalid_port"),
        Flush("a scope with a port beyond 65535", ActionBodies.Flush(Dead, ""","scope":{"vip":"10.96.0.10","vipPort":65616}"""), "flush.invalid_port"),
        Flush("a scope with a port below zero", ActionBodies.Flush(Dead, ""","scope":{"vip":"10.96.0.10","vipPort":-1}"""), "flush.invalid_port"),
        Flush("a scope that leaves nothing", ActionBodies.Flush(Dead, ""","scope":{"vip":"10.96.0.99"}"""), "flush.no_entries_in_scope"),
        Node("in capitals", "NODE1", NoNode),
        Node("a dot behind", "node1.", NoNode),
        Node("a blank behind", "node1 ", NoNode),
        Node("a blank before", " node1", NoNode),
        Node("a newline", "node1\n", NoNode),
        Node("a zero byte", "node1\0", NoNode),
        Node("a blank", " ", NoNode),
        Node("a path", "../node1", NoNode),
        Node("an address", "192.168.0.1", NoNode),
        Node("a wildcard", "*", NoNode),
        Node("a pattern", "node?", NoNode),
        Node("a list", "node1,node2", NoNode),
        Node("a Cyrillic o", "nоde1", NoNode),
        Node("an invisible letter", "node1\u200b", NoNode),
        Node("with a port", "node1:10250", NoNode),
        Node("all", "all", NoNode),
        Nodes("one that exists and one that does not", """["node1","node3"]""", NoNode),
        Nodes("the same twice", """["node1","node1"]""", "action.duplicate_node"),
        Nodes("the same twice, not in a row", """["node1","node2","node1"]""", "action.duplicate_node"),
        Nodes("5,000 that do not exist", System.Text.Json.JsonSerializer.Serialize(Enumerable.Range(3, 5_000).Select(n => $"node{n}")), NoNode),
    ];

    private static Attack Flush(string name, string body, string fragment) => new(name, 409, fragment, c => c.Operator().RequestAsync(body));

    private static Attack Address(string name, string address, string fragment) => Flush($"address: {name}", ActionBodies.Flush(address), fragment);

    private static Attack Impossible(string name, string address, string fragment) => Flush($"a former pod's address: {name}", ActionBodies.Flush(address), fragment);

    private static Attack Node(string name, string node, string fragment) => Nodes(name, System.Text.Json.JsonSerializer.Serialize<string[]>([node]), fragment);

    private static Attack Nodes(string name, string nodes, string fragment) => Flush($"nodes: {name}", ActionBodies.Flush(Dead, nodes: nodes), fragment);
}
