"""Runs the cases and prints "LINE name|works, wrong or blind|detail" for each."""
import importlib, sys, time, traceback
import lab

if __name__ == "__main__":
    lab.build()
    only = open("/test/only").read().strip()
    for group in ("resets", "mechanisms", "ipvs", "offload", "settings"):
        if only and not only.startswith(group) and not group.startswith(only):
            continue
        print(f"GROUP {group} {time.monotonic():.0f}", flush=True)
        module = importlib.import_module("case_" + group)
        try:
            module.run()
        except Exception:
            print(f"LINE {group}|wrong|{traceback.format_exc().strip().splitlines()[-1]}", flush=True)
            traceback.print_exc()
