"""IPVS: its own table, a removed server with both values of expire_nodest_conn, weight 0, and its timeouts."""
import json
import collector
from collector import Explain, Watch, ask, line
from lab import *

VIP, SECOND, THIRD, VIP6 = "10.96.7.7", "10.96.7.8", "10.96.7.9", "fd96::7"
STATE = ("--state", "/tmp/state-ipvs")


def service(vip, *backends):
    host = lambda address: f"[{address}]" if ":" in address else address
    node(f"ip addr add {vip}/{128 if ':' in vip else 32} dev kube-ipvs0{' nodad' if ':' in vip else ''}")
    node(f"ipvsadm -A -t {host(vip)}:80 -s rr")
    for backend in backends:
        node(f"ipvsadm -a -t {host(vip)}:80 -r {host(backend)}:8080 -m")


def capability(name):
    return next(c for c in ask("capabilities") if c["name"] == name)


def flush(*more):
    done = collector.run("flush", "--pod-ip", PODS["b1"], "--preset", "all", "--json", *more, *STATE)
    return done.returncode, json.loads(done.stdout)


def run():
    nat("10.96.0.70", PODS["b1"])  # IPVS makes conntrack entries only where something else has switched conntrack on in this namespace.
    server, server6, other = listen("b1"), listen6("b1"), listen("b2")
    node("ip link add kube-ipvs0 type dummy"), node("ip link set kube-ipvs0 up")
    line("IPVS, vs.conntrack=0 is a missing capability", not (told := capability("ipvs.conntrack"))["available"] and "own table" in told["detail"], told)
    node("sysctl -qw net.ipv4.vs.conntrack=1")
    line("IPVS, vs.conntrack=1 is a capability", capability("ipvs.conntrack")["available"])
    service(VIP, PODS["b1"])
    service(VIP6, PODS6["b1"])
    pairs = [pair(server, VIP) for _ in range(2)]
    six = pair(server6, VIP6)
    flows = ask("flows", "--pod-ip", PODS["b1"], "--service", f"{VIP}:80")
    line("IPVS, entries of a Service", len(flows) == 2, flows)
    flows = ask("flows", "--pod-ip", PODS6["b1"], "--service", f"[{VIP6}]:80")
    line("IPVS, entries of a Service, IPv6", len(flows) == 1, flows)

    # Removed, expire_nodest_conn=0: IPVS drops the packets.
    node(f"ipvsadm -a -t {VIP}:80 -r {PODS['b2']}:8080 -m"), node(f"ipvsadm -d -t {VIP}:80 -r {PODS['b1']}:8080")
    node(f"ipvsadm -d -t [{VIP6}]:80 -r [{PODS6['b1']}]:8080")
    explain = Explain(PODS["b1"], 12)
    for c, s in pairs + [six]:
        c.sendall(b"x")
    truth = [heard(s) for c, s in pairs]
    mechanisms, answer = explain.result()
    helps = [v["helps"] for v in answer["verdicts"] if v["mechanism"] == "M9"]
    line("IPVS, server removed: explain", mechanisms == ["M9"] and "expire_nodest_conn=1" in helps[0] and "flush repairs nothing" in helps[0], answer["conclusion"])
    watch = Watch()
    watch.end()
    ipvs = watch.frames()[0]["ipvs"]
    kept = {(s["vip"], s["server"]): (s["removed"], s["connections"]) for s in ipvs["servers"]}
    line("IPVS, server removed: frames", ipvs["state"] == "Complete" and ipvs["expireNodestConn"] is False
         and kept == {(VIP, PODS["b1"]): (True, 2), (VIP6, PODS6["b1"]): (True, 1)}, ipvs)
    mechanisms, answer = Explain(PODS6["b1"], 5).result()
    line("IPVS, server removed: explain, IPv6", mechanisms == ["M9"], answer["conclusion"])
    code, preview = flush()
    line("IPVS, server removed: preview of a flush", preview["ipvs"] and preview["ipvs"]["removed"] == 2 and preview["ipvs"]["expireNodestConn"] is False, preview["ipvs"])
    code, result = flush("--break-glass", "--reason", "test", "--yes")
    for c, s in pairs:
        c.sendall(b"y")
    truth += [heard(s) for c, s in pairs]
    line("IPVS, server removed: a flush is no success", truth == ["nothing"] * 4 and code != 0 and result["deleted"] > 0 and result["ipvs"]["removed"] == 2,
         f"exit {code}, deleted {result['deleted']}, IPVS {result['ipvs']}, the pod got {truth}")

    node("ipvsadm --set 60 0 0")
    for c, s in pairs:
        c.sendall(b"w")
    left = flush()[1]["ipvs"]["maxSeconds"]
    line("IPVS, server removed: a shorter timeout does not help", left > 700 and [heard(s) for c, s in pairs] == ["nothing"] * 2, f"{left} s left")
    node("ipvsadm --set 900 0 0")

    # A server that is still there: after a flush the next packet goes to it again.
    service(THIRD, PODS["b1"])
    c, s = pair(server, THIRD)
    code, result = flush("--break-glass", "--reason", "test", "--yes")
    c.sendall(b"again")
    line("IPVS, server listed: a flush does not move the flow", heard(s) == "again" and result["ipvs"]["total"] > result["ipvs"]["removed"], result["ipvs"])
    c.close(), s.close()

    # Removed, expire_nodest_conn=1: IPVS ends the connection with its entry, and the VIP, an address of the node, resets the client.
    node("sysctl -qw net.ipv4.vs.expire_nodest_conn=1")
    service(SECOND, PODS["b1"])
    watch = Watch()  # With nf_conntrack_events=2 the entry emits events only if someone listens when it begins.
    c, s = pair(server, SECOND)
    port = c.getsockname()[1]
    node(f"ipvsadm -a -t {SECOND}:80 -r {PODS['b2']}:8080 -m")
    explain = Explain(PODS["b1"], 12)
    for vip in (SECOND, THIRD):
        node(f"ipvsadm -d -t {vip}:80 -r {PODS['b1']}:8080")
    c.sendall(b"z")
    truth = heard(c, seconds=10)
    watch.settle()
    watch.end()
    lost = [n for n in watch.notes(port) if n["kind"] == "Lost"]
    line("IPVS, expire_nodest_conn=1: removed by the kernel", [n["cause"] for n in lost] == ["ByKernel"] and lost[0]["backend"] == PODS["b1"], lost, blind=not lost)
    resets = watch.resets(port)
    line("IPVS, expire_nodest_conn=1: the VIP's reset is the Service's", truth == "reset" and bool(resets) and all(
        (r["kind"], r["vip"], r["backend"]) == ("NewBackend", SECOND, PODS["b1"]) for r in resets), f"the client got {truth}; {resets}", blind=not resets)
    mechanisms, answer = explain.result()
    line("IPVS, expire_nodest_conn=1: explain", mechanisms == ["M9"], answer["conclusion"])

    before = node("ipvsadm -l --timeout").strip()
    done = collector.run("sysctl", "set", "ipvs.timeout_tcp", "777", "--yes", "--reason", "test", *STATE)
    now = node("ipvsadm -l --timeout").strip()
    undone = collector.run("sysctl", "revert", "ipvs.timeout_tcp", "--yes", "--reason", "test", *STATE)
    after = node("ipvsadm -l --timeout").strip()
    line("IPVS, timeout set and reverted", " 777 " in now and after == before, f"{now}; {after}; {done.stderr} {undone.stderr}")
