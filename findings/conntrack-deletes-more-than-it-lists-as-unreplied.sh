# WHAT: `conntrack -L -u UNREPLIED` lists the unreplied entries, and `conntrack -D -u UNREPLIED` deletes the replied and assured ones too
# GUESS: -D with the filter that -L was tried with deletes what -L has listed.
# SEEN: conntrack-tools 1.4.7, Linux 6.18: of 4 entries -L -u UNREPLIED shows 2, -D -u UNREPLIED deletes 4, exit 0; the other filters beside
#   it hold. -u ASSURED means the same to both. UNREPLIED is no bit but the absence of one: -L lets the kernel compare it under a
#   mask, -D asks whether all bits of an empty set are there. UNSET, the word of the manual, is refused by -L and deletes everything too.
# MATTERS: the tidy way to drop stale entries of a dead backend also cuts the live connections, and the listing before it looked right.
source "$(dirname "$0")/common.sh"
debian_conntrack
in_namespace
fill() {
  conntrack -F >/dev/null 2>&1 || cannot "this kernel has no conntrack"
  conntrack -I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 80 --state ESTABLISHED -t 600 -u SEEN_REPLY,ASSURED >/dev/null 2>&1 \
    && conntrack -I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 2 --dport 80 --state SYN_SENT -t 600 >/dev/null 2>&1 \
    && conntrack -I -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 3 --dport 53 -t 600 -u SEEN_REPLY >/dev/null 2>&1 \
    && conntrack -I -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 4 --dport 53 -t 600 >/dev/null 2>&1 \
    || cannot "this kernel takes no conntrack entries"
}
# The source ports of the entries that a command prints.
ports() { { conntrack "$@" 2>/dev/null || true; } | sed -nE 's/.*dst=10\.0\.0\.2 sport=([0-9]+) .*/\1/p' | sort | tr '\n' ' '; }
code() { local code=0; "$@" >"$work/said" 2>&1 || code=$?; echo $code; }
fill
conntrack -L 2>/dev/null
same "listed with -u UNREPLIED" "$(ports -L -u UNREPLIED)" "2 4 "
same "listed with -p udp -u UNREPLIED" "$(ports -L -p udp -u UNREPLIED)" "4 "
same "deleted with -p udp -u UNREPLIED" "$(ports -D -p udp -u UNREPLIED)" "3 4 "
fill
same "exit code of -D -u UNREPLIED" "$(code conntrack -D -u UNREPLIED)" "0"
tail -n 1 "$work/said"
same "left after it" "$(ports -L)" ""
fill
same "listed with -u ASSURED" "$(ports -L -u ASSURED)" "1 "
same "deleted with -u ASSURED" "$(ports -D -u ASSURED)" "1 "
fill
same "exit code of -L -u UNSET" "$(code conntrack -L -u UNSET)" "1"
same "deleted with -u UNSET" "$(ports -D -u UNSET)" "1 2 3 4 "
