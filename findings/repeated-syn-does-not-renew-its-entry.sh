# WHAT: a client's repeated SYNs neither renew the timeout of their unanswered conntrack entry nor make an event
# GUESS: each SYN sets the SYN_SENT entry's timeout to 120 s again, as each packet does for established entries, and `conntrack -E` shows
#   an UPDATE, so that clients that try in vain are visible by their entries.
# SEEN: Linux 6.18, conntrack 1.4.7: two connections from one source port, tried for 3.6 s each, send eight SYNs (the first are a second
#   apart); the one entry has 112 s left afterwards, and the only event is NEW.
# MATTERS: an entry that several attempts use cannot be told by its timeout or its events; the attempts must be counted at the sockets.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need python3 python3-minimal
need ip iproute2
in_namespace
ip link set lo up
unshare --net sleep 55 &
far=$!
until [ "$(readlink "/proc/$far/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link add v0 type veth peer name v1 netns "$far"
ip address add 10.0.0.1/24 dev v0
ip link set v0 up
nsenter -t "$far" -n ip address add 10.0.0.2/24 dev v1
nsenter -t "$far" -n ip link set v1 up
nsenter -t "$far" -n nft -f - <<'RULES'
table ip t {
  chain in {
    type filter hook input priority 0; policy accept;
    tcp dport 80 counter drop
  }
}
RULES
# A rule with ct makes the kernel track connections here.
nft -f - <<'RULES'
table ip t {
  chain out {
    type filter hook output priority 0; policy accept;
    ct state invalid counter
  }
}
RULES
conntrack -E -p tcp >"$work/events" 2>/dev/null &
events=$!
sleep 0.5
cat >"$work/connect.py" <<'PYTHON'
import socket
for attempt in range(2):
    one = socket.socket(); one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("10.0.0.1", 40000)); one.settimeout(3.6)
    try: one.connect(("10.0.0.2", 80))
    except TimeoutError: pass
    one.close()
PYTHON
python3 "$work/connect.py"
left=$(conntrack -L -p tcp 2>/dev/null | awk '{ print $3 }')
kill "$events" 2>/dev/null
arrived=$(nsenter -t "$far" -n nft list chain ip t in | sed -nE 's/.*packets ([0-9]+).*/\1/p')
echo "SYNs that arrived: $arrived; seconds left: $left; events:"
cat "$work/events"
same "six SYNs or more of two connections" "$(echo "$arrived" | awk '{ print ($1 >= 6) }')" "1"
same "entries" "$(echo "$left" | wc -l)" "1"
same "not renewed: at most 114 s left after 7 s" "$(echo "$left" | awk '{ print ($1 <= 114) }')" "1"
same "events" "$(wc -l <"$work/events")" "1"
same "the event" "$(grep -c '\[NEW\].*SYN_SENT' "$work/events")" "1"
