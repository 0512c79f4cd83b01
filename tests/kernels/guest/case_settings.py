"""Every setting of the closed list is written and reverted, and the filter of INVALID packets disarms itself."""
import collector
from collector import line
from lab import *

VALUES = {"tcp_be_liberal": "1", "tcp_ignore_invalid_rst": "1", "log_invalid": "6", "acct": "1", "timestamp": "1", "events": "1",
          "tcp_timeout_unacknowledged": "400", "tcp_timeout_max_retrans": "200", "tcp_timeout_close_wait": "70"}
STATE = ("--state", "/tmp/state-settings", "--yes", "--reason", "test")


def run():
    wrong = []
    for key, value in VALUES.items():
        path = f"/proc/sys/net/netfilter/nf_conntrack_{key}"
        read = lambda: node(f"cat {path}").strip()
        before = read()
        first = collector.run("sysctl", "set", f"nf_conntrack_{key}", value, *STATE)
        now = read()
        second = collector.run("sysctl", "revert", f"nf_conntrack_{key}", *STATE)
        if now != value or read() != before:
            wrong.append(f"{key}: {before} → {now} → {read()} {first.stderr.strip()} {second.stderr.strip()}")
    line("settings, set and reverted", not wrong, "; ".join(wrong))
    done = collector.run("sysctl", "set", "nftables.drop_invalid", "forward", "--revert-after", "20s", *STATE)
    rules = node("nft list table inet conntrack_console", check=False)
    armed = "ct state invalid" in rules and "expires" in rules
    until(lambda: "expires" not in node("nft list table inet conntrack_console", check=False), 30)
    rules = node("nft list table inet conntrack_console", check=False)
    line("filter, armed, and disarmed by the kernel", armed and "expires" not in rules, f"{done.stderr} {rules}")
