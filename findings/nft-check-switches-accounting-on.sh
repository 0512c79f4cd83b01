# WHAT: `nft -c -f` of a rule with `ct bytes` loads no rule but sets net.netfilter.nf_conntrack_acct to 1, and nothing sets it back
# GUESS: -c ("check only, do not apply") changes nothing; and the rule needs an acct=1 that somebody else has set.
# SEEN: nftables 1.0.6, Linux 6.18: acct is 0, after the check of a rule with bytes, packets or avgpkt it is 1 with an empty ruleset,
#   and a new connection has counters. The kernel switches it on when it parses the rule, before the batch is thrown away; a check of
#   a rule with ct state leaves it at 0, and removing a loaded rule leaves it at 1.
# MATTERS: a linter or a dry run on a node starts the counting of every new connection there; older entries have no counters, so a table
#   with counters on some entries needs nobody who has touched the sysctl.
source "$(dirname "$0")/common.sh"
debian_nft
debian_conntrack
need ip iproute2
need python3 python3-minimal
in_namespace
ip link set lo up
# The sysctl is the one of this network namespace.
setting=/proc/sys/net/netfilter/nf_conntrack_acct
[ -w $setting ] || cannot "no nf_conntrack_acct here"
rules() { printf 'table inet t {\n  chain c {\n    type filter hook output priority 0\n    %s counter\n  }\n}\n' "$1" >"$work/rules"; }
connect() {
  python3 -c 'import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).send(b"x")'
  conntrack -L -p tcp 2>/dev/null | grep -q bytes= && echo counted || echo "not counted"
  conntrack -F >/dev/null 2>&1
}
echo 0 >$setting
rules "ct state new"
nft -f "$work/rules" || cannot "this kernel lacks nf_tables or ct"
same "a connection while acct is 0" "$(connect)" "not counted"
nft flush ruleset
nft -c -f "$work/rules"
same "acct after the check of a rule with ct state" "$(cat $setting)" "0"
for key in bytes packets avgpkt; do
  echo 0 >$setting
  rules "ct $key > 1000"
  nft -c -f "$work/rules"
  same "acct after the check of a rule with ct $key" "$(cat $setting)" "1"
  same "lines of the ruleset" "$(nft list ruleset | wc -l)" "0"
done
echo 0 >$setting
nft -f "$work/rules"
nft flush ruleset
same "acct after such a rule was loaded and removed" "$(cat $setting)" "1"
echo 0 >$setting
nft -c -f "$work/rules"
rules "ct state new"
nft -f "$work/rules"
same "a connection after a mere check" "$(connect)" "counted"
