"""Resets of every kind by every source: who made it, seen where it is made or where it is received."""
from collector import Watch, line
from lab import *

SOURCES = ("trace", "packet", "both", "auto")
VIP, VIP6 = "10.96.0.50", "fd96::50"


def run():
    nat(VIP, PODS["b1"])
    nat(VIP6, PODS6["b1"])
    servers = {4: listen("b1"), 6: listen6("b1")}
    watches = {source: Watch(source) for source in SOURCES}
    expected = []  # (name, port of the client, kind)
    for version, vip in ((4, VIP), (6, VIP6)):
        # Made by a socket.
        c, s = pair(servers[version], vip)
        port = c.getsockname()[1]
        abort(c)
        expected.append((f"IPv{version} client's abort", port, "ClientAbort", True))
        c, s = pair(servers[version], vip)
        port = c.getsockname()[1]
        c.sendall(b"unread"), time.sleep(0.1), s.close()
        expected.append((f"IPv{version} pod's close with unread data", port, "FromBackend", True))
        # Made without a socket.
        refused = client("cli", servers[version].family)
        refused.bind(("", 0))
        port = refused.getsockname()[1]
        try:
            refused.connect((vip, 81))
        except OSError:
            pass
        expected.append((f"IPv{version} refused SYN", port, "RefusedSyn", False))
        c, s = pair(servers[version], vip)
        inject("b1", s)
        expected.append((f"IPv{version} un-NATed", c.getsockname()[1], "UnNated", False))
        keep.append((c, s))
        # Another backend answers for a connection whose entry was lost.
        c, s = pair(servers[version], vip)
        nat(vip, (PODS if version == 4 else PODS6)["b2"], to=8082)
        node(f"conntrack -D{'' if version == 4 else ' -f ipv6'} -d {vip} -p tcp --orig-port-src {c.getsockname()[1]}")
        c.sendall(b"x")
        expected.append((f"IPv{version} new backend", c.getsockname()[1], "NewBackend", False))
        keep.append((c, s))
        # Without a Service.
        c, s = pair(servers[version], (PODS if version == 4 else PODS6)["b1"], 8080)
        expected.append((f"IPv{version} direct", c.getsockname()[1], "Direct", True))
        abort(c)
    for watch in watches.values():
        watch.settle()
        watch.end()
    for source in SOURCES:
        for made, what in ((True, "made by a socket"), (False, "made without a socket")):
            wrong, blind = [], []
            for name, port, kind, by_socket in expected:
                if by_socket != made:
                    continue
                # One reset is observed where it is made and where it is received; the former decides, as in the console.
                seen = watches[source].resets(port)
                kinds = {r["kind"] for r in seen if not r["received"]} or {r["kind"] for r in seen}
                if kinds != {kind}:
                    (wrong if kinds - {kind, "Other"} else blind).append(f"{name}: {sorted(kinds) or 'nothing'}")
            line(f"resets {source}, {what}", not wrong and not blind, "; ".join(wrong + blind), blind=not wrong)


keep = []
