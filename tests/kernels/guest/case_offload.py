"""Entries that an nft flowtable forwards: the kernel dumps neither their state nor their timeout."""
from collector import ask, line
from lab import *

VIP = "10.96.0.80"


def run():
    nat(VIP, PODS["b1"])
    server = listen("b1")
    node("nft add table inet cc_ft")
    node("nft add flowtable inet cc_ft f '{ hook ingress priority 0; devices = { v-cli, v-b1 }; }'")
    node("nft add chain inet cc_ft onward '{ type filter hook forward priority 0; }'")
    node("nft add rule inet cc_ft onward ip protocol tcp flow add @f")
    c, s = pair(server, VIP)
    for _ in range(5):
        c.sendall(b"q"), s.recv(1), s.sendall(b"r"), c.recv(1)
    truth = node(f"conntrack -L -r {PODS['b1']} -d {VIP} 2>/dev/null")
    flows = ask("flows", "--pod-ip", PODS["b1"], "--service", f"{VIP}:80")
    line("flowtable, flows has the state OFFLOADED", "[OFFLOAD]" in truth and [f["state"] for f in flows] == ["OFFLOADED"], f"{[f['state'] for f in flows]}; {truth.strip()}")
    groups = [g for g in ask("summary") if g["vip"] == VIP]
    line("flowtable, summary counts it as live", [g["states"] for g in groups] == [{"OFFLOADED": 1}], [g["states"] for g in groups])
    node("nft delete table inet cc_ft")
