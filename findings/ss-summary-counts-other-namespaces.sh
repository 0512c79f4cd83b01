# WHAT: `ss -s` in an empty network namespace reports hundreds of TCP sockets, all "closed": they are the open ones of other namespaces
# GUESS: as with `ss -t`, everything is of this network namespace.
# SEEN: iproute2 6.1.0, Linux 6.18: /proc/net/sockstat has "inuse" of this namespace but "alloc" and "orphan" of the whole machine;
#   ss prints alloc as the total, and the difference to what it can see as "closed". The table below it says 0.
# MATTERS: in a pod or a node's namespace the first line of `ss -s` is about all containers of the machine: "closed 600" is no leak.
source "$(dirname "$0")/common.sh"
need ss iproute2
need python3 python3-minimal
in_namespace
ss -V
ip link set lo up
cat >"$work/sockets.py" <<'PYTHON'
import socket, sys
listener = socket.socket(); listener.bind(("127.0.0.1", 8000)); listener.listen(400)
pairs = []
for _ in range(200):
    client = socket.create_connection(("127.0.0.1", 8000))
    pairs.append((client, listener.accept()[0]))
print("open", flush=True)
sys.stdin.readline()
PYTHON
closed() { ss -s | sed -nE 's/^TCP:.*closed ([0-9]+).*/\1/p'; }
coproc SOCKETS { unshare --net -- sh -c "ip link set lo up && exec python3 '$work/sockets.py'"; }
read -r line <&"${SOCKETS[0]}"
same "sockets that ss lists here" "$(ss -Htan | wc -l)" "0"
ss -s | head -n 2
with=$(closed)
echo >&"${SOCKETS[1]}"
wait "$SOCKETS_PID" || true
for _ in 1 2 3 4 5 6 7 8 9 10; do [ "$(closed)" -le $((with - 350)) ] && break; sleep 1; done
without=$(closed)
echo "closed here: $with while another namespace has 401 sockets, $without afterwards"
same "closed sockets here rise with the other namespace's open ones" "$([ $((with - without)) -ge 350 ] && echo yes || echo no)" "yes"
