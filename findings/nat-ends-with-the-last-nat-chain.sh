# WHAT: deleting the last nat chain, even one without rules, stops the translation of running connections; deleting the DNAT rule does not
# GUESS: a connection is translated by its conntrack entry, and rules are asked for its first packet only: whatever goes, it lives on.
# SEEN: nftables 1.0.6, Linux 6.18: it lives on without the rule, and without the chain as long as an unrelated, empty nat chain is there.
#   Without any, its packets keep the Service's address and are reset, while `conntrack -L` shows the entry as before, ESTABLISHED
#   [ASSURED]. A connection that is silent meanwhile goes on when any nat chain comes back: the translating hook is there while one is.
# MATTERS: after a cleanup of rules every entry of the table looks translated and none is, and only who sent in the gap has lost.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need ip iproute2
need python3 python3-minimal
in_namespace
ip link set lo up
for address in 10.9.9.1 10.9.9.2 10.9.9.9; do ip address add $address/32 dev lo; done
nft -f - <<'RULES' || cannot "this kernel lacks nf_tables, ct or nat"
table inet filter {
  chain in {
    type filter hook input priority 0
    ct state new counter
  }
}
table ip service {
  chain out {
    type nat hook output priority -100
    ip daddr 10.9.9.9 tcp dport 80 dnat to 10.9.9.1:8080
  }
}
RULES
# 10.9.9.2 is the client, 10.9.9.9 the Service, 10.9.9.1 the backend. "NAME" on a line: an exchange on the connection of that name.
cat >"$work/connections.py" <<'PYTHON'
import socket, sys
server = socket.create_server(("10.9.9.1", 8080))
connections = {}
for name in sys.stdin:
    try:
        if name not in connections:
            client = socket.create_connection(("10.9.9.9", 80), 2, ("10.9.9.2", 0))
            connections[name] = client, server.accept()[0]
        client, peer = connections[name]
        peer.settimeout(2)
        client.send(b"a"); peer.recv(1); peer.send(b"b"); client.recv(1)
        print("answered", flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
PYTHON
coproc CONNECTIONS { python3 -u "$work/connections.py"; }
exchange() {
  echo "$1" >&"${CONNECTIONS[1]}"
  read -r line <&"${CONNECTIONS[0]}"
  echo "$line"
}
# The state of the entries that are translated to the backend, by how many there are.
entries() { conntrack -L -p tcp -r 10.9.9.1 2>/dev/null | awk '{print $4, /ASSURED/ ? "ASSURED" : "not ASSURED"}' | sort | uniq -c | xargs; }
line=""
same "with the rule" "$(exchange talking)" "answered"
same "a second one" "$(exchange silent)" "answered"
same "entries" "$(entries)" "2 ESTABLISHED ASSURED"
nft flush chain ip service out
same "without the rule" "$(exchange talking)" "answered"
nft add table ip other
nft add chain ip other out '{ type nat hook postrouting priority 100; }'
nft delete table ip service
same "without the table, with an empty nat chain of another" "$(exchange talking)" "answered"
nft delete table ip other
same "without any nat chain" "$(exchange talking)" "ConnectionResetError"
conntrack -L -p tcp 2>/dev/null
same "entries then" "$(entries)" "2 ESTABLISHED ASSURED"
nft add table ip other
nft add chain ip other out '{ type nat hook postrouting priority 100; }'
same "the silent one, with an empty nat chain again" "$(exchange silent)" "answered"
