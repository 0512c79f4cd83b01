"""Runs the native collector in the node's namespace, and prints the lines of the table."""
import json, subprocess, sys, threading, time

PREFIX = ["nsenter", "--net=/run/netns/node", "/test/conntrack-collector"]


def line(name, works, detail="", blind=False):
    """One line of the table. Blind: what happened is missing; wrong: something else is reported instead."""
    outcome = "works" if works else "blind" if blind else "wrong"
    print(f"LINE {name}|{outcome}|{' '.join(str(detail).split())[:400]}", flush=True)


def run(*arguments, timeout=60):
    done = subprocess.run(PREFIX + list(arguments), capture_output=True, text=True, timeout=timeout)
    print(f"$ {' '.join(arguments)} → {done.returncode} {done.stderr.strip()[:300]}", file=sys.stderr)
    return done


def ask(*arguments, timeout=60):
    """The JSON of a command."""
    done = run(*arguments, "--json", timeout=timeout)
    return json.loads(done.stdout)


class Background:
    """A command that goes on while the case runs."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(PREFIX + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.errors = [], []
        for stream, kept in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=lambda s=stream, k=kept: k.extend(s), daemon=True).start()

    def until(self, condition, seconds=20.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not condition():
            time.sleep(0.05)
        return bool(condition())

    def end(self):
        self.process.terminate()
        self.process.wait(20)
        time.sleep(0.1)


class Watch(Background):
    """watch --json: frames with resets and notes."""

    def __init__(self, source="auto"):
        super().__init__("watch", "--json", "--resets", source)
        if not self.until(lambda: self.lines):
            raise RuntimeError("watch printed no frame: " + "".join(self.errors))
        time.sleep(0.2)

    def frames(self):
        return [json.loads(text) for text in list(self.lines) if text.endswith("\n")]

    def resets(self, port):
        """Resets of the client's port."""
        return [r for f in self.frames() for r in f["resets"] if port in (r["sport"], r["dport"])]

    def notes(self, port=None):
        return [n for f in self.frames() for n in f["notes"] if port is None or port in (n["sport"], n["dport"])]

    def settle(self):
        count = len(self.lines)
        self.until(lambda: len(self.lines) >= count + 3)


class Explain(Background):
    def __init__(self, address, seconds):
        super().__init__("explain", "--pod-ip", address, "--seconds", str(seconds), "--json")
        if not self.until(lambda: self.errors):
            raise RuntimeError("explain did not begin")
        time.sleep(0.5)

    def result(self):
        self.process.wait(90)
        self.until(lambda: self.lines and self.lines[-1].rstrip().endswith("}"), 5)
        answer = json.loads("".join(self.lines))
        return [v["mechanism"] for v in answer["verdicts"]], answer
