# WHAT: a rule that rejects new connections with ICMP (kube-proxy's for a Service without endpoints) refuses about one a second for each client; the other connects hang
# GUESS: every connect to a Service without endpoints fails at once with ECONNREFUSED.
# SEEN: Linux 6.18, nftables 1.0.6, defaults (icmp_ratelimit 1000 ms): the first six connects of a client are refused at once, later ones
#   mostly get no answer within 0.8 s although the rule counts each of them; no conntrack entry, no reset.
# MATTERS: a timeout does not exclude a Service without endpoints, and counting refusals undercounts the attempts; loopback is exempt, so a
#   client on the node itself sees every refusal.
source "$(dirname "$0")/common.sh"
debian_nft
need python3 python3-minimal
need ip iproute2
in_namespace
ip link set lo up
unshare --net sleep 55 &
client=$!
until [ "$(readlink "/proc/$client/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link add v0 type veth peer name v1 netns "$client"
ip address add 10.0.0.1/24 dev v0
ip address add 10.96.0.1/32 dev lo
ip link set v0 up
inside() { nsenter -t "$client" -n "$@"; }
inside ip address add 10.0.0.2/24 dev v1
inside ip link set v1 up
inside ip route add default via 10.0.0.1
nft -f - <<'RULES'
table ip t {
  chain in {
    type filter hook input priority 0; policy accept;
    ip daddr 10.96.0.1 tcp dport 80 counter reject with icmp port-unreachable
  }
}
RULES
cat >"$work/connect.py" <<'PYTHON'
import socket
outcomes = []
for attempt in range(24):
    one = socket.socket(); one.settimeout(0.3)
    try: one.connect(("10.96.0.1", 80)); outcomes.append("connected")
    except ConnectionRefusedError: outcomes.append("refused")
    except TimeoutError: outcomes.append("nothing")
    one.close()
print(" ".join(outcomes))
PYTHON
inside python3 "$work/connect.py" >"$work/remote"
python3 "$work/connect.py" >"$work/local"
cat "$work/remote"
count() { tr ' ' '\n' <"$1" | grep -c "^$2$" || true; }
same "connected" "$(count "$work/remote" connected)" "0"
same "the first" "$(cut -d' ' -f1 "$work/remote")" "refused"
same "half or more of the last 16 without an answer" "$(cut -d' ' -f9- "$work/remote" | tr ' ' '\n' | grep -c nothing | awk '{ print ($1 >= 8) }')" "1"
same "refused on the node itself" "$(count "$work/local" refused)" "24"
