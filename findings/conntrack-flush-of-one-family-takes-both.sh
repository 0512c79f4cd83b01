# WHAT: `conntrack -F -f ipv6` removes the IPv4 entries too: -F takes the family, says nothing and empties the whole table, exit 0
# GUESS: only the IPv6 entries go, as with `conntrack -D -f ipv6`; and what -F cannot limit it refuses, as it does with -p, -s, -w and -m.
# SEEN: conntrack-tools 1.4.7, Linux 6.18: with -f ipv6 no IPv4 entry is left, with -f ipv4 no IPv6 entry; -D -f ipv6 takes IPv6 only. The
#   tool puts the family into the message, but the kernel goes by it only in messages of version 1, and the tool sends version 0.
# MATTERS: who flushes one family of a dual-stack node ends the translation of every connection of the other one as well.
source "$(dirname "$0")/common.sh"
debian_conntrack
in_namespace
fill() {
  conntrack -F >/dev/null 2>&1 || cannot "this kernel has no conntrack"
  conntrack -I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1000 --dport 80 --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED >/dev/null 2>&1 \
    && conntrack -I -p tcp -s fd00::1 -d fd00::2 --sport 1000 --dport 80 --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED >/dev/null 2>&1 \
    || cannot "this kernel takes no conntrack entries"
}
left() { echo "ipv4 $(conntrack -L -f ipv4 2>/dev/null | wc -l), ipv6 $(conntrack -L -f ipv6 2>/dev/null | wc -l)"; }
code() { local code=0; "$@" >"$work/said" 2>&1 || code=$?; echo $code; }
fill
same "entries at first" "$(left)" "ipv4 1, ipv6 1"
same "exit code of -F -p tcp" "$(code conntrack -F -p tcp)" "2"
same "entries after it" "$(left)" "ipv4 1, ipv6 1"
same "exit code of -D -f ipv6" "$(code conntrack -D -f ipv6)" "0"
same "entries after -D -f ipv6" "$(left)" "ipv4 1, ipv6 0"
fill
same "exit code of -F -f ipv6" "$(code conntrack -F -f ipv6)" "0"
cat "$work/said"
same "entries after -F -f ipv6" "$(left)" "ipv4 0, ipv6 0"
fill
same "exit code of -F -f ipv4" "$(code conntrack -F -f ipv4)" "0"
same "entries after -F -f ipv4" "$(left)" "ipv4 0, ipv6 0"
