# WHAT: with one dormant table in the ruleset, `nft -j list ruleset` prints JSON that ends in the middle of an object, and exits with 0
# GUESS: "flags": "dormant", or at worst an error and another exit code.
# SEEN: nftables 1.0.6, Linux 6.18: the output ends after `"flags": `, without a value and without the closing brackets; the tables after it
#   are missing too. The text form is complete.
# MATTERS: a program that reads the rules as JSON (monitoring, a backup) fails on the whole ruleset because an unrelated table is switched off,
#   and the exit code says that all is well.
source "$(dirname "$0")/common.sh"
debian_nft
need python3 python3-minimal
in_namespace
parses() { python3 -c 'import json, sys
try: json.load(sys.stdin); print("yes")
except ValueError: print("no")'; }
nft add table inet first
same "valid JSON before" "$(nft -j list ruleset | parses)" "yes"
printf 'table inet middle {\n  flags dormant\n}\n' | nft -f - || cannot "this kernel lacks nf_tables"
nft add table inet last
code=0
nft -j list ruleset >"$work/json" || code=$?
cat "$work/json"
echo
same "exit code" "$code" "0"
same "valid JSON with a dormant table" "$(parses <"$work/json")" "no"
same "end of the output" "$(tr -d '\n' <"$work/json" | grep -o '"flags": $')" '"flags": '
same "tables that it names" "$(grep -o '"table": *{[^}]*"name": *"[a-z]*"' "$work/json" | grep -o '[a-z]*"$' | tr -d '"' | tr '\n' ' ')" "first middle "
same "tables in the text form" "$(nft list ruleset | grep -c '^table')" "3"
