# WHAT: `conntrack -L -o save` leaves out the mark of every entry, so `conntrack -R` of its own output restores each with mark 0, exit 0
# GUESS: -o save, made for -R, has all that -I can set; -I has --mark.
# SEEN: conntrack-tools 1.4.7, libnetfilter-conntrack 1.0.9, Linux 6.18: zone, status, timeout and state are written, the mark is not.
# MATTERS: rules that route, shape or translate by connmark treat restored connections as others; no message says so.
source "$(dirname "$0")/common.sh"
debian_conntrack
in_namespace
conntrack -I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED --orig-zone 5 -m 7 >/dev/null 2>&1 \
  || cannot "this kernel takes no conntrack entries"
mark() { conntrack -L 2>/dev/null | grep -o 'mark=[0-9]*'; }
same "mark of the entry" "$(mark)" "mark=7"
conntrack -L -o save >"$work/saved" 2>/dev/null
cat "$work/saved"
same "options of the saved line that name a mark" "$(grep -cE -- '(-m|--mark) ' "$work/saved" || true)" "0"
same "options that name its zone" "$(grep -c -- '--orig-zone 5' "$work/saved")" "1"
conntrack -F >/dev/null 2>&1
code=0
conntrack -R "$work/saved" >/dev/null 2>&1 || code=$?
same "exit code of the restore" "$code" "0"
same "mark after the restore" "$(mark)" "mark=0"
