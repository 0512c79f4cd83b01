# WHAT: the conntrack entry of a healthy stream has the timeout for unacknowledged data most times one looks
# GUESS: each acknowledgement sets the entry's timeout to that of ESTABLISHED (5 days) again, so that a healthy stream, which is acknowledged
#   thousands of times a second, is seen with it in most samples, and 300 s or less mean that the peer does not answer.
# SEEN: Linux 6.18, conntrack 1.4.7: of 30 samples of a stream over loopback (6 to 9 GB in five seconds) 20 to 27 have 299 or 300 s, the others 5 days; idle
#   half a second later it has 5 days.
# MATTERS: a hang cannot be told from a stream by the timeout's limit; what differs is that the timeout of a stream does not fall.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need python3 python3-minimal
need ip iproute2
in_namespace
ip link set lo up
# A rule with ct makes the kernel track connections here.
nft -f - <<'RULES'
table ip t {
  chain out {
    type filter hook output priority 0; policy accept;
    ct state invalid counter
  }
}
RULES
cat >"$work/stream.py" <<'PYTHON'
import socket, threading, time
listener = socket.create_server(("127.0.0.1", 8080))
def drain():
    peer, _ = listener.accept()
    total = 0
    while (part := peer.recv(65536)): total += len(part)
    print(total, flush=True)
reader = threading.Thread(target=drain); reader.start()
one = socket.create_connection(("127.0.0.1", 8080))
end = time.time() + 5
while time.time() < end: one.sendall(b"x" * 65536)
time.sleep(0.5)
print("idle", flush=True)
time.sleep(2)
one.close(); reader.join()
PYTHON
python3 "$work/stream.py" >"$work/bytes" &
stream=$!
sleep 1
for _ in $(seq 30); do
  conntrack -L -p tcp --dport 8080 2>/dev/null | awk '{ print $3 }' >>"$work/busy"
  sleep 0.1
done
until grep -q idle "$work/bytes"; do sleep 0.1; done
idle=$(conntrack -L -p tcp --dport 8080 2>/dev/null | awk '{ print $3 }')
wait "$stream"
acknowledged=$(sysctl -n net.netfilter.nf_conntrack_tcp_timeout_unacknowledged)
echo "samples of the stream: $(sort -n "$work/busy" | uniq -c | tr -s ' \n' ' '); after it, idle: $idle; bytes: $(grep -v idle "$work/bytes")"
same "the timeout for unacknowledged data" "$acknowledged" "300"
same "samples" "$(wc -l <"$work/busy")" "30"
same "a third of them or more have it" "$(awk '$1 <= 300' "$work/busy" | wc -l | awk '{ print ($1 >= 10) }')" "1"
same "samples below 298" "$(awk '$1 < 298' "$work/busy" | wc -l)" "0"
same "idle, it has that of ESTABLISHED" "$(echo "$idle" | awk '{ print ($1 > 400000) }')" "1"
