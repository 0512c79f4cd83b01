# WHAT: `conntrack -I` with the reply of a translated flow (-r, --reply-port-src) makes an entry that is printed like one made with
#   --dst-nat, but is not translated: `-L --dst-nat` and `-D --dst-nat` pass over it
# GUESS: the reply tuple is the translation, so two lines that are equal but for the client are equal entries.
# SEEN: conntrack-tools 1.4.7, libnetfilter-conntrack 1.0.9, Linux 6.18: the kernel sets the translation's status bit only where it computes
#   the reply itself, from CTA_NAT_DST; no column of the list shows the bit.
# MATTERS: a table rebuilt from printed lines looks complete and does not translate; a test made so tests the untranslated path.
source "$(dirname "$0")/common.sh"
debian_conntrack
in_namespace
entry() { conntrack -I -p tcp -s "$1" -d 10.96.0.1 --sport 1000 --dport 80 -t 600 --state ESTABLISHED -u SEEN_REPLY,ASSURED "${@:2}" >/dev/null 2>&1 || cannot "this kernel takes no such entry"; }
entry 10.0.0.1 --dst-nat 10.244.0.5:8080
entry 10.0.0.2 -r 10.244.0.5 -q 10.0.0.2 --reply-port-src 8080 --reply-port-dst 1000
conntrack -L 2>/dev/null | sort >"$work/list"
cat "$work/list"
same "different lines, the client's address apart" "$(sed -E 's/10\.0\.0\.[12]/CLIENT/g; s/^(tcp +6) [0-9]+/\1/' "$work/list" | sort -u | grep -c .)" "1"
same "clients of --dst-nat" "$(conntrack -L --dst-nat 2>/dev/null | grep -oE ' src=10\.0\.0\.[0-9]+' | tr -d ' ')" "src=10.0.0.1"
conntrack -D --dst-nat >/dev/null 2>&1
same "left after -D --dst-nat" "$(conntrack -L 2>/dev/null | grep -oE ' src=10\.0\.0\.[0-9]+' | tr -d ' ')" "src=10.0.0.2"
