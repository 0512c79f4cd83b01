# WHAT: with a DNAT rule and no SNAT rule, the backend sees a source port that the client never used, if it was connected directly from that port
# GUESS: a rule for the destination leaves the source alone; what clashes with another entry is dropped (insert_failed).
# SEEN: nftables 1.0.6, Linux 6.18: a client that has an entry from port 5000 to the backend and connects from port 5000 to the Service,
#   which is translated to that backend, arrives there from a random port, without a message; also when the direct connection is closed
#   and its entry is in TIME_WAIT, and no longer once that entry is deleted. `conntrack -L -n` lists the flow as source NAT.
# MATTERS: the client's ss and the backend's log have different ports for one connection, and no rule explains it: only the reply part of
#   the entry joins them. Pods that are reached directly (headless Service, probe) and through a Service meet this.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need ip iproute2
need python3 python3-minimal
in_namespace
ip link set lo up
for address in 10.9.9.1 10.9.9.2 10.9.9.9; do ip address add $address/32 dev lo; done
nft -f - <<'RULES' || cannot "this kernel lacks nf_tables or nat"
table ip service {
  chain out {
    type nat hook output priority -100
    ip daddr 10.9.9.9 tcp dport 80 dnat to 10.9.9.1:8080
  }
}
RULES
# 10.9.9.2 is the client, 10.9.9.9 the Service, 10.9.9.1 the backend. "open ADDRESS PORT SOURCE" prints what the backend sees; "close SOURCE".
cat >"$work/connections.py" <<'PYTHON'
import socket, sys, time
server = socket.create_server(("10.9.9.1", 8080))
held = {}
for line in sys.stdin:
    word, *rest = line.split()
    if word == "open":
        client = socket.socket()
        client.settimeout(5)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(("10.9.9.2", int(rest[2])))
        client.connect((rest[0], int(rest[1])))
        peer, (address, port) = server.accept()
        held.setdefault(rest[2], []).append((client, peer))
        print(address, "the same port" if port == int(rest[2]) else "another port", flush=True)
    else:
        for client, peer in held.pop(rest[0]):
            client.shutdown(socket.SHUT_WR)
            peer.recv(1)
            peer.close()
            client.recv(1)
            client.close()
        time.sleep(0.5)
        print("closed", flush=True)
PYTHON
coproc CONNECTIONS { python3 -u "$work/connections.py"; }
ask() {
  echo "$*" >&"${CONNECTIONS[1]}"
  local line=""
  read -r line <&"${CONNECTIONS[0]}"
  echo "$line"
}
same "to the Service, without a direct connection" "$(ask open 10.9.9.9 80 4000)" "10.9.9.2 the same port"
same "direct" "$(ask open 10.9.9.1 8080 5000)" "10.9.9.2 the same port"
same "to the Service beside it" "$(ask open 10.9.9.9 80 5000)" "10.9.9.2 another port"
conntrack -L -p tcp --sport 5000 2>/dev/null
same "connections that -n lists as source NAT" "$(conntrack -L -n 2>/dev/null | grep -oE 'dst=10\.9\.9\.9 sport=[0-9]+')" "dst=10.9.9.9 sport=5000"
same "direct from port 6000" "$(ask open 10.9.9.1 8080 6000)" "10.9.9.2 the same port"
same "and closed" "$(ask close 6000)" "closed"
same "its state" "$(conntrack -L -p tcp --sport 6000 2>/dev/null | awk '{print $4}')" "TIME_WAIT"
same "to the Service after it" "$(ask open 10.9.9.9 80 6000)" "10.9.9.2 another port"
same "direct from port 7000" "$(ask open 10.9.9.1 8080 7000)" "10.9.9.2 the same port"
same "and closed" "$(ask close 7000)" "closed"
conntrack -D -p tcp --sport 7000 >/dev/null 2>&1
same "to the Service after its entry is deleted" "$(ask open 10.9.9.9 80 7000)" "10.9.9.2 the same port"
