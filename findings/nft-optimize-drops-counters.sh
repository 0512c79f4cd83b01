# WHAT: `nft -o` merges rules that count into a verdict map that does not: rules with different verdicts lose their counters, rules with one verdict keep one
# GUESS: -o only changes how rules are looked up; a rule with a counter is not merged, or each element counts.
# SEEN: nftables 1.0.6, Linux 6.18: three rules "ip saddr X tcp dport 80 counter accept/drop" become one `vmap` without counter, exit 0;
#   two rules with the same verdict become one rule with one shared counter.
# MATTERS: dashboards and alerts on the counters of such rules read nothing after a reload that was only to be faster; the printed
#   "Merging … into" shows it only to someone who compares the lines.
source "$(dirname "$0")/common.sh"
debian_nft
in_namespace
cat >"$work/rules" <<'RULES'
table inet t {
  chain different {
    ip saddr 10.0.0.1 tcp dport 80 counter accept
    ip saddr 10.0.0.2 tcp dport 80 counter accept
    ip saddr 10.0.0.3 tcp dport 80 counter drop
  }
  chain alike {
    tcp dport 80 counter accept
    tcp dport 81 counter accept
  }
}
RULES
counters() { nft list chain inet t "$1" | grep -c counter || true; }
nft -f "$work/rules" || cannot "this kernel lacks nf_tables"
same "counters of the rules with different verdicts" "$(counters different)" "3"
nft flush ruleset
code=0
nft -o -f "$work/rules" >/dev/null 2>&1 || code=$?
nft list ruleset
same "exit code with -o" "$code" "0"
same "counters of the rules with different verdicts, with -o" "$(counters different)" "0"
same "rules with different verdicts, with -o" "$(nft list chain inet t different | grep -c vmap)" "1"
same "counters of the rules with one verdict, with -o" "$(counters alike)" "1"
