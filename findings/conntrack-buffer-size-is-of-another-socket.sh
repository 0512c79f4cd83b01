# WHAT: `conntrack -E --buffer-size N` reports that the buffer has been set, and events are still lost after some hundred: it set another socket's
# GUESS: a larger buffer, acknowledged with its size, holds proportionally more events while the program is slow to print them.
# SEEN: conntrack-tools 1.4.7, Linux 6.18: the notice names 33554432 bytes (twice those asked for). The program has two netlink sockets; the one with
#   that buffer is in no group, the one that receives the events keeps net.core.rmem_default. Of 3,000 events some 2,000
#   are lost while the reader pauses, with the option as without it; 33 MB would hold 25,000.
# MATTERS: whoever records events of an incident with a buffer "large enough" has gaps exactly in the bursts, and believes that there are none.
source "$(dirname "$0")/common.sh"
debian_conntrack
need ss iproute2
in_namespace
command -v python3 >/dev/null || need python3 python3-minimal
ip link set lo up
nft=$(command -v nft || true)
[ -n "$nft" ] || cannot "nft is missing (package nftables)"
nft add table t && nft 'add chain t c { type filter hook output priority 0; }' && nft add rule t c ct state new counter || cannot "this kernel tracks no connections"

# lost OPTION...: 3,000 new entries while conntrack prints to a pipe that is not read. Leaves how many sockets in a group lost events and how many events.
lost() {
  conntrack -E "$@" 2>"$work/said" | sleep 30 &
  sleep 1
  local pid socket
  pid=$(pgrep -n -x conntrack)
  python3 -c '
import socket
for i in range(3000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", ("127.0.0.1", 9000))
    s.close()'
  # protocol 12, groups in the fourth column, drops in the ninth
  awk '$2 == 12 && $9 > 0 { subscribed += $4 != "00000000"; drops += $9 } END { print subscribed + 0, drops + 0 }' "/proc/$pid/net/netlink" >"$work/drops"
  ss -f netlink -m -a | sed -nE 's/^.* nft:(conntrack|-?[0-9]+)[^ ]* .*,?rb([0-9]+),.*/\2/p' | sort -n | tr '\n' ' ' >"$work/buffers"
  kill -KILL "$pid"
  while [ -d "/proc/$pid" ]; do sleep 0.1; done
}
lost
read -r _ without <"$work/drops"
lost --buffer-size 16777216
read -r subscribed with <"$work/drops"
cat "$work/said"
same "the notice" "$(grep -o 'set to [0-9]* bytes' "$work/said")" "set to 33554432 bytes"
echo "buffers of its sockets: $(cat "$work/buffers")"
same "sockets in a group that lost events" "$subscribed" "1"
echo "of 3,000 events lost: $without without the option, $with with it"
same "most are lost with it too, though 3,000 need 4 MB" "$((with > 1500 && without > 1500))" "1"
