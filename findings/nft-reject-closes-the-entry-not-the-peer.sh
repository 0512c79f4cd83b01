# WHAT: nft's `reject with tcp reset` sets the conntrack entry to CLOSE with an event, though the reset goes to the sender only: the other end stays ESTABLISHED
# GUESS: the rejected packet is dropped, so conntrack, which saw no reset between the ends, keeps the entry ESTABLISHED for days.
# SEEN: Linux 6.18, nftables 1.0.6, conntrack 1.4.7: [UPDATE] CLOSE at once, timeout 10 s, while the server's socket is ESTAB and has
#   received nothing; packet filters behind the rule see no reset for it.
# MATTERS: a CLOSE event does not prove that both ends know of the end, nor that an application or pod sent a reset: the server goes on
#   holding the connection, and what it sends later is INVALID.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need python3 python3-minimal
need ss iproute2
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
cat >"$work/pair.py" <<'PYTHON'
import socket, sys
listener = socket.socket(); listener.bind(("127.0.0.1", 8080)); listener.listen()
client = socket.create_connection(("127.0.0.1", 8080)); server = listener.accept()[0]
server.send(b"hello"); client.recv(9); client.send(b"hello"); server.recv(9)
print("open", flush=True)
sys.stdin.readline()
client.settimeout(5)
try:
    client.send(b"x"); print("client", client.recv(9) or "end", flush=True)
except ConnectionResetError:
    print("client reset", flush=True)
sys.stdin.readline()
PYTHON
coproc PAIR { python3 "$work/pair.py"; }
read -r line <&"${PAIR[0]}"
state() { conntrack -L -p tcp --dport 8080 2>/dev/null | awk '{ print $4 }'; }
same "the entry before" "$(state)" "ESTABLISHED"
conntrack -E -e UPDATE >"$work/events" 2>/dev/null &
sleep 1
nft insert rule inet t out tcp dport 8080 reject with tcp reset
echo >&"${PAIR[1]}"
read -r line <&"${PAIR[0]}"
same "the client" "$line" "client reset"
sleep 1
same "the entry after" "$(state)" "CLOSE"
same "events of it" "$(grep -c CLOSE "$work/events")" "1"
same "the server's socket" "$(ss -Htn state established '( sport = :8080 )' | wc -l)" "1"
echo >&"${PAIR[1]}"
