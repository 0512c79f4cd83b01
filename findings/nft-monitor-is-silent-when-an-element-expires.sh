# WHAT: when an element of a set times out, `nft monitor` prints nothing: added elements are announced, expired ones just are no longer there
# GUESS: an expiry is announced like a deletion ("delete element ...").
# SEEN: nftables 1.0.6, Linux 6.18: "add element", nothing at the expiry after 1 s nor later; "delete element" for one that is deleted by hand.
# MATTERS: who follows the ruleset by its events keeps an expired element for ever: whether a rule that works through such a set is still
#   armed is only known by asking for the set.
source "$(dirname "$0")/common.sh"
debian_nft
in_namespace
nft -f - <<'RULES' || cannot "this kernel lacks nf_tables"
table inet t {
  set armed {
    type nf_proto
    flags timeout
  }
}
RULES
nft monitor >"$work/events" 2>&1 &
sleep 1
nft add element inet t armed '{ ipv4 timeout 1s }'
nft add element inet t armed '{ ipv6 timeout 1h }'
same "elements at first" "$(nft list set inet t armed | grep -oE 'ipv[46]' | tr '\n' ' ')" "ipv4 ipv6 "
sleep 10
same "elements after the expiry" "$(nft list set inet t armed | grep -oE 'ipv[46]' | tr '\n' ' ')" "ipv6 "
nft delete element inet t armed '{ ipv6 }'
sleep 1
cat "$work/events"
same "announced additions" "$(grep -c '^add element' "$work/events")" "2"
same "announced deletions by hand" "$(grep -c '^delete element inet t armed { ipv6' "$work/events")" "1"
same "announced expiries" "$(grep -c '^delete element inet t armed { ipv4' "$work/events" || true)" "0"
