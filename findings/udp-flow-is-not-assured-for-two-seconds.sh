# WHAT: a UDP flow with 1,000 answered datagrams is not ASSURED and keeps the 30 s timeout, until one more answer comes 2 s after its start
# GUESS: the first answer makes the entry ASSURED and gives it nf_conntrack_udp_timeout_stream (120 s).
# SEEN: Linux 6.18, conntrack 1.4.7: after 1,000 exchanges in under a second no [ASSURED] and 30 s; after one exchange more, 2 s
#   later, [ASSURED] and 120 s. The kernel waits 2 s so that short exchanges (DNS) are no "streams".
# MATTERS: only ASSURED entries are safe from early_drop, so in a full table a busy young UDP flow is evicted before an idle TCP flow,
#   and a flow of one short burst expires after 30 s, however much it sent.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need python3 python3-minimal
need ip iproute2
in_namespace
ip link set lo up
nft -f - <<'RULES'
table inet t {
  chain out {
    type filter hook output priority 0; policy accept;
    ct state new accept
  }
}
RULES
cat >"$work/exchange.py" <<'PYTHON'
import socket, sys, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); server.bind(("127.0.0.1", 9000))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); client.settimeout(5); client.connect(("127.0.0.1", 9000))
def exchange():
    client.send(b"x")
    data, peer = server.recvfrom(9)
    server.sendto(data, peer)
    client.recv(9)
start = time.monotonic()
for _ in range(1000): exchange()
print("burst", time.monotonic() - start < 1.5, flush=True)
sys.stdin.readline()
time.sleep(max(0, start + 2.3 - time.monotonic()))
exchange()
print("late", flush=True)
sys.stdin.readline()
PYTHON
coproc EXCHANGE { python3 "$work/exchange.py"; }
entry() { conntrack -L -p udp 2>/dev/null | awk '{print ($3 > 60 ? "above 60 s" : "at most 30 s"), /ASSURED/ ? "ASSURED" : "not ASSURED"}'; }
read -r line <&"${EXCHANGE[0]}"
[ "$line" = "burst True" ] || cannot "the machine is too slow for 1,000 exchanges in 1.5 s"
same "after 1,000 answered datagrams" "$(entry)" "at most 30 s not ASSURED"
echo >&"${EXCHANGE[1]}"
read -r line <&"${EXCHANGE[0]}"
same "after one more, 2 s after the start" "$(entry)" "above 60 s ASSURED"
echo >&"${EXCHANGE[1]}"
