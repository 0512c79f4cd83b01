"""M1 and M2 as explain names them, a flush, and what a deletion by another program is called."""
import json
import collector
from collector import Explain, Watch, ask, line
from lab import *

VIP = "10.96.0.60"


def run():
    nat(VIP, PODS["b1"])
    server = listen("b1")
    pairs = [pair(server, VIP) for _ in range(3)]
    explain = Explain(PODS["b1"], 8)
    for c, s in pairs:
        inject("b1", s)
    mechanisms, answer = explain.result()
    line("explain, M1", mechanisms == ["M1"], answer["conclusion"])
    line("explain, M1, remedy", bool(answer["verdicts"]) and "be_liberal=1" in answer["verdicts"][0]["helps"] and "never flush" in answer["verdicts"][0]["helps"], mechanisms)

    watch = Watch()  # With nf_conntrack_events=2 only entries that begin while someone listens emit events.
    pairs = [pair(server, VIP) for _ in range(3)]
    explain = Explain(PODS["b1"], 8)
    node(f"conntrack -D -d {VIP}")
    for c, s in pairs:
        s.sendall(b"push")
    mechanisms, answer = explain.result()
    watch.end()
    line("explain, M2", "M2" in mechanisms and "M3" not in mechanisms, answer["conclusion"])
    ports = [c.getsockname()[1] for c, s in pairs]
    lost = [n for n in watch.notes() if n["kind"] == "Lost" and n["sport"] in ports]
    line("watch, deletion by another program", len(lost) == 3 and all(n["cause"] == "ForeignDelete" and n["portId"] for n in lost), [n["cause"] for n in lost])

    keep.extend(pair(server, VIP) for _ in range(5))
    count = int(node(f"conntrack -C"))
    summary = ask("summary")
    line("summary = conntrack -C", sum(g["total"] for g in summary) == count, f"{sum(g['total'] for g in summary)} of {count}")
    wanted = len(node(f"conntrack -L -r {PODS['b1']} 2>/dev/null").splitlines())
    flows = ask("flows", "--pod-ip", PODS["b1"])
    line("flows = conntrack -L -r", len(flows) == wanted > 0, f"{len(flows)} of {wanted}")
    done = collector.run("flush", "--pod-ip", PODS["b1"], "--preset", "all", "--break-glass", "--reason", "test", "--yes", "--json", "--state", "/tmp/state")
    result = json.loads(done.stdout)
    left = len(node(f"conntrack -L -r {PODS['b1']} 2>/dev/null").splitlines())
    line("flush all, then a dump", done.returncode == 0 and result["deleted"] == wanted and result["remaining"] == left == 0, f"{result['deleted']} of {wanted}, {left} left")

    # The kernel itself removes masqueraded entries with their interface, days before their timeout.
    node("nft add table ip cc_masq")
    node("nft add chain ip cc_masq post '{ type nat hook postrouting priority srcnat; }'")
    node("nft add rule ip cc_masq post oifname v-b2 masquerade")
    other = listen("b2")
    watch = Watch()
    c, s = pair(other, PODS["b2"], 8080)
    node("ip link set v-b2 down")
    watch.until(lambda: watch.notes(c.getsockname()[1]), 10)
    watch.end()
    notes = watch.notes(c.getsockname()[1])
    line("masquerade, interface down: removed by the kernel", [n["cause"] for n in notes] == ["ByKernel"], notes, blind=not notes)
    node("nft delete table ip cc_masq")
    node("ip link set v-b2 up"), node(f"ip route replace {PODS['b2']} dev v-b2"), node(f"ip -6 route replace {PODS6['b2']} dev v-b2")


keep = []
