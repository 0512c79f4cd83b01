"""Prints the table of feature and kernel, compares it with the one in docs/kernels.md, and exits 1 if a line differs."""
import argparse, re, sys

BEGIN, END = "<!-- begin: kernels -->", "<!-- end: kernels -->"
KERNELS = ("6.1", "6.12")


def results(path):
    lines, ended = {}, False
    try:
        text = open(path, encoding="utf-8", errors="replace").read()
    except OSError:
        text = ""
    for row in text.splitlines():
        ended |= row.strip() == "END"
        if row.startswith("LINE ") and row.count("|") >= 2:
            name, outcome, detail = row[5:].split("|", 2)
            lines[name] = (outcome, detail.strip())
    return lines, ended


def table(path):
    """The rows of the page: feature → outcome for each kernel."""
    text = open(path, encoding="utf-8").read()
    body = text.split(BEGIN, 1)[1].split(END, 1)[0]
    rows = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in body.strip().splitlines()[2:]]
    return {row[0]: dict(zip(KERNELS, row[1:])) for row in rows}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cache"), options.add_argument("--only", default=""), options.add_argument("--table"), options.add_argument("--update", action="store_true")
    options.add_argument("kernels", nargs="+")
    given = options.parse_args()
    expected = table(given.table)
    seen, failed = {}, []
    for kernel in given.kernels:
        seen[kernel], ended = results(f"{given.cache}/results-{kernel}")
        if not ended:
            failed.append(f"{kernel}: the guest did not come to its end; see {given.cache}/console-{kernel}.log")
    names = list(dict.fromkeys(name for kernel in given.kernels for name in seen[kernel]))
    if not given.only:
        names += [name for name in expected if name not in names]
    width = max([len(name) for name in names] + [10])
    print(f"{'feature':<{width}}  " + "  ".join(f"{kernel:<8}" for kernel in given.kernels))
    for name in names:
        outcomes = {kernel: seen[kernel].get(name, ("not run", ""))[0] for kernel in given.kernels}
        wrong = [kernel for kernel in given.kernels if expected.get(name, {}).get(kernel) != outcomes[kernel]]
        print(f"{name:<{width}}  " + "  ".join(f"{outcomes[kernel]:<8}" for kernel in given.kernels) + ("  DIFFERS" if wrong else ""))
        for kernel in wrong:
            detail = seen[kernel].get(name, ("", ""))[1]
            print(f"    {kernel}: the page has '{expected.get(name, {}).get(kernel, 'no such line')}'. {detail}")
            failed.append(f"{kernel}: {name}")
    if given.update and set(given.kernels) == set(KERNELS) and not given.only:
        rows = "\n".join(f"| {name} | " + " | ".join(seen[kernel].get(name, ("not run", ""))[0] for kernel in KERNELS) + " |" for name in names)
        text = open(given.table, encoding="utf-8").read()
        head, rest = text.split(BEGIN, 1)
        open(given.table, "w", encoding="utf-8").write(f"{head}{BEGIN}\n| feature | 6.1 | 6.12 |\n|---|---|---|\n{rows}\n{END}{rest.split(END, 1)[1]}")
        print(f"{given.table} was written: check it before it is committed.")
        return 0
    print(f"{len(names)} lines, {len(failed)} differ" if failed else f"{len(names)} lines, all as in {given.table}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
