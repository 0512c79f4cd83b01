# WHAT: after a server's reset, new SYNs from the same source port are translated to that server until ten seconds pass without one
# GUESS: a reset ends the connection, so a SYN begins a new entry by the present rules, as a SYN in TIME_WAIT does.
# SEEN: Linux 6.18, conntrack 1.4.7, nftables 1.0.6: the server closes with a reset and no longer listens; the DNAT rule then leads to another
#   server. Connects from the same port, one each 5 s, are all refused by the former server for 20 s: each renews the CLOSE entry, without an
#   event. After a pause of 11 s the connect is accepted by the other server.
# MATTERS: a client that binds its port, or has few of them, is refused after a rollout by a pod that no rule contains, for as long as it
#   tries; that looks like a kube-proxy that lags, and the entry shows nothing new.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need python3 python3-minimal
need ip iproute2
in_namespace
ip link set lo up
for last in 1 11 12 100; do ip address add "10.0.0.$last/32" dev lo; done
rule_to() {
  nft -f - <<RULES
flush ruleset
table ip t {
  chain out {
    type nat hook output priority -100; policy accept;
    ip daddr 10.0.0.100 tcp dport 80 dnat to $1:8080
  }
}
RULES
}
cat >"$work/connect.py" <<'PYTHON'
import socket, struct, sys, time
def listener(ip):
    one = socket.socket(); one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((ip, 8080)); one.listen(); return one
def connect():
    one = socket.socket(); one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("10.0.0.1", 40000)); one.settimeout(5); one.connect(("10.0.0.100", 80)); return one
former, other = listener("10.0.0.11"), listener("10.0.0.12")
client = connect(); server, _ = former.accept()
server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); server.close(); former.close()
try: client.recv(1)
except ConnectionResetError: pass
client.close()
print("reset", flush=True); sys.stdin.readline()
for wait in (5, 5, 5, 5, 11):
    time.sleep(wait)
    try: connect().close(); print("accepted by", other.accept()[0].getsockname()[0], flush=True)
    except ConnectionRefusedError: print("refused", flush=True)
PYTHON
rule_to 10.0.0.11
mkfifo "$work/go"
conntrack -E -p tcp >"$work/events" 2>/dev/null &
events=$!
sleep 0.5
python3 "$work/connect.py" <"$work/go" >"$work/seen" &
client=$!
exec 3>"$work/go"
until grep -q reset "$work/seen"; do sleep 0.1; done
rule_to 10.0.0.12
echo >&3
wait "$client"
kill "$events"
cat "$work/seen" "$work/events"
same "each 5 s, then after 11 s" "$(tail -n 5 "$work/seen" | paste -sd, -)" "refused,refused,refused,refused,accepted by 10.0.0.12"
same "new entries" "$(grep -c '\[NEW\]' "$work/events")" "2"
same "events between the reset and the entry's end" "$(sed -n '/ CLOSE /,/DESTROY/p' "$work/events" | wc -l)" "2"
