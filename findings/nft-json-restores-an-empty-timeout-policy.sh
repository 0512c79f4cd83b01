# WHAT: loading with `nft -j -f` what `nft -j list ruleset` printed exits with 0 and leaves a ct timeout policy empty, element counters at 0, and comments and auto-merge out
# GUESS: the JSON that nft prints is complete, or loading it fails.
# SEEN: nftables 1.0.6, Linux 6.18: the JSON names "established": 100, and the table loaded from it has `policy = {  }` and l3proto inet
#   instead of ip. The same table through the text form comes back unchanged.
# MATTERS: a ruleset saved as JSON (the documented interface for programs) restores a firewall whose connection timeouts are silently
#   those of the kernel again, and whose counters start from 0.
source "$(dirname "$0")/common.sh"
debian_nft
in_namespace
cat >"$work/rules" <<'RULES'
table inet t {
  comment "kept?"
  ct timeout short {
    protocol tcp
    l3proto ip
    policy = { established : 100, close : 4 }
  }
  set merged {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 10.0.0.0/24 }
  }
  set counted {
    type ipv4_addr
    counter
    elements = { 10.0.0.1 counter packets 3 bytes 30 }
  }
}
RULES
nft -f "$work/rules" || cannot "this kernel lacks a part of nf_tables"
nft list ruleset >"$work/before"
nft -j list ruleset >"$work/json"
same "the JSON names the timeout" "$(grep -o '"established": *100' "$work/json" | tr -d ' ')" '"established":100'
nft flush ruleset
code=0
nft -j -f "$work/json" || code=$?
same "exit code of loading it" "$code" "0"
nft list ruleset >"$work/after"
diff "$work/before" "$work/after" || true
same "policy after" "$(grep -c 'policy = {  }' "$work/after")" "1"
same "packets of the element after" "$(grep -o 'counter packets [0-9]*' "$work/after")" "counter packets 0"
same "auto-merge after" "$(grep -c auto-merge "$work/after" || true)" "0"
same "comments after" "$(grep -c comment "$work/after" || true)" "0"
nft flush ruleset
nft -f "$work/before"
same "differences through the text form" "$(nft list ruleset | diff "$work/before" - | wc -l)" "0"
