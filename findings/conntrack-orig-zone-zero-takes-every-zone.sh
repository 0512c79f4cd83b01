# WHAT: `conntrack -D --orig-zone 0` deletes the entries of every zone, and `--orig-zone 7` finds none of the entries that are in zone 7
# GUESS: the original direction of an entry in zone 7 is in zone 7, so --orig-zone 7 lists it and --orig-zone 0 leaves it alone.
# SEEN: conntrack-tools 1.4.7, Linux 6.18: a zone that both directions have counts for --zone only; --orig-zone and --reply-zone compare the
#   zone of a single direction (`ct original zone set`), which is 0 for such entries. The other way round --zone 0 takes, and deletes, an
#   entry of which one direction is in zone 7.
# MATTERS: OVN, Calico and VRF setups give zones to workloads; who deletes what is in no zone at all ends every tenant's connections.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
in_namespace
ip link set lo up
code=0
nft -f - <<'RULES' || code=$?
table ip zones {
  chain output {
    type filter hook output priority -300
    ip daddr 127.0.0.7 ct zone set 7
    ip daddr 127.0.0.8 ct original zone set 8
    ct state new accept
  }
  chain prerouting {
    type filter hook prerouting priority -300
    ip daddr 127.0.0.7 ct zone set 7
    ip daddr 127.0.0.8 ct original zone set 8
  }
}
RULES
[ $code = 0 ] || cannot "this kernel takes no zones"
fill() {
  conntrack -F >/dev/null 2>&1
  for last in 1 7 8; do echo datagram >"/dev/udp/127.0.0.$last/9999"; done
}
# The last number of each destination.
of() { conntrack "$@" 2>/dev/null | grep -o 'dst=127\.0\.0\.[178] sport=[0-9]* dport=9999' | grep -o '127\.0\.0\.[178]' | cut -d. -f4 | sort | tr '\n' ' '; }
fill
same "all entries" "$(of -L)" "1 7 8 "
same "listed with --zone 7" "$(of -L --zone 7)" "7 "
same "listed with --orig-zone 7" "$(of -L --orig-zone 7)" ""
same "listed with --orig-zone 8" "$(of -L --orig-zone 8)" "8 "
same "listed with --orig-zone 0" "$(of -L --orig-zone 0)" "1 7 "
same "listed with --reply-zone 0" "$(of -L --reply-zone 0)" "1 7 8 "
same "listed with --zone 0" "$(of -L --zone 0)" "1 8 "
same "deleted with --orig-zone 0" "$(of -D --orig-zone 0)" "1 7 "
fill
same "deleted with --zone 0" "$(of -D --zone 0)" "1 8 "
