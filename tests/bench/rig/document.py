"""docs/benchmarks.md, and the tables that a run prints."""

from rig.report import number, row_lines, table, verdict

HEAD = ("what", "value", "goal", "", "spread")
READING = """## Reading it

- Each round goes through all rows; in a row the tools take turns. A value is the median of the rounds, or the worst of them
  where nothing may ever go wrong (losses). A ratio is made within a round. "spread" is the largest round less the smallest,
  in percent of the median.
- CPU is the scheduler's account of the whole process, all threads, over a steady stretch; probes are counted by the far end.
  Sending a packet over a veth link is done by whoever sends up to the moment at which it lies in the far end's ring, so every
  tool's figure holds that part of the link. An answer's way back into the tool's socket or ring is the far end's to do, as it
  would be a network card's interrupt on another core; where the far kernel answers at once it is in the tool's figure, too.
- The far end 50 ms away is a program of ours on the other core (`tests/bench/far`): it answers 50 ms after the kernel's stamp
  of a request's arrival, and counts what it dropped or sent more than a millisecond late. When it dropped anything, or was late
  with more than one in a hundred where that matters, what was measured is void, and the row says so.
- Beside lags stands how late the machine itself is: on each processor a thread of real-time priority asks to be woken every 5 ms,
  and nothing that runs here can hold it up. A host that gives a virtual machine less than its processors was seen to hold both of
  them for 30 ms in each 100, and to book none of it as stolen; nobody's probes leave on time then. Readers of scrapes keep
  no more than they look at: such holds were frequent while they kept 700 MB a scrape, and rare afterwards.
- The bare loop (`tests/bench/bare`) is the smallest program with blipd's system calls: the machine's limit.
- Peers are run as they are meant to be: fping with a gap that spreads its packets (paced) and without one (in bursts, which no
  host on the Internet deserves); blackbox_exporter asked over 100 connections; zmap and masscan from start to end.
- The reference for round trips is tcpdump on the same link. blipd takes its stamps where tcpdump does, and the kernel gives
  both the same one: that is its design. "above the far end" is the check that shares no stamp with it.
"""


def of_rows(report: dict, level: str = "##") -> str:
    parts = []
    earlier = {row["name"]: row for row in report.get("before", {}).get("rows", [])}
    for row in report["rows"]:
        parts.append(f"{level} {row['name']}\n\n{row['title'][0].upper()}{row['title'][1:]}.\n")
        if row["figures"]:
            before = earlier.get(row["name"], {}) if earlier else None
            parts.append(table(HEAD + (("the run before",) if earlier else ()), row_lines(row, before)) + "\n")
        sizes = next((each["sizes"] for each in row["rounds"] if "sizes" in each), None)
        if sizes:
            parts.append(of_sizes(sizes) + "\n")
        for each in row["rounds"]:
            parts += [f"- {key.removesuffix('_missing')}: {text}\n" for key, text in each.items() if key.endswith("_missing")]
        parts += [f"- {text}\n" for text in row["failures"]]
        if loads := ", ".join(number(each["load_before"]) for each in row["rounds"]):
            parts.append(f"Load of the machine before: {loads}{_others(row)}. {row['seconds']:.0f} s.\n")
    return "\n".join(parts)


def _others(row: dict) -> str:
    """What else the machine did while blipd was measured, in processors, and what the hypervisor took."""
    rounds = [each for each in row["rounds"] if "others_busy" in each]
    if not rounds:
        return ""
    busy = ", ".join(number(each["others_busy"]) for each in rounds)
    stolen = ", ".join(f"{each['steal_percent']:.1f}" for each in rounds)
    return f"; beside blipd {busy} processors were busy, the far end's among them, and {stolen} % stolen"


def goals(report: dict) -> str:
    """One table of all that was to be reached."""
    lines = [
        (row["name"], entry["what"], f"{number(entry['value'])} {entry['unit']}".strip(), entry["goal"], verdict(entry))
        for row in report["rows"]
        for entry in row["figures"]
        if entry["goal"]
    ]
    return table(("row", "what", "value", "goal", ""), lines)


def of_sizes(sizes: list[dict]) -> str:
    head = ("channels", "CPU/probe µs", "% of a core", "resident MiB", "ready s", "reload s", "scrape s", "lag p99 ms", "lost")
    keys = ("us", "core_percent", "resident_mib", "ready_seconds", "reload_seconds", "scrape_seconds", "lag_p99_ms", "lost")
    return table(head, [(f"{size['channels']:,}", *(number(size[key]) for key in keys)) for size in sizes])


def missed(report: dict) -> list[str]:
    """A line for each goal that was not reached, and for each row that gave nothing."""
    lines = []
    for row in report["rows"]:
        for entry in row["figures"]:
            if entry["reached"] is False:
                lines.append(f"{row['name']}: {entry['what']}: {number(entry['value'])} {entry['unit']}, goal {entry['goal']}")
        if not row["figures"]:
            lines.append(f"{row['name']}: no figures")
    return lines


def markdown(report: dict) -> str:
    m = report["machine"]
    reached = sum(entry["reached"] is True for row in report["rows"] for entry in row["figures"])
    wanted = sum(entry["reached"] is not None for row in report["rows"] for entry in row["figures"])
    silent = "".join(f"- {row['name']} gave no figures; its section says why\n" for row in report["rows"] if not row["figures"])
    peers = "; ".join(f"{name} {version}" for name, version in report["peers"].items())
    return f"""# Benchmarks

The last run of `./dev bench`, which writes this file with `--write`:

- {report["date"]}, commit {report["commit"]}, {report["build"]}
- {m["processor"]}, {m["memory_gib"]} GiB, Linux {m["kernel"]}; load at the start {m["load_at_start"]:.2f}, {report["steal_percent"]:.2f} % stolen
- `{report["command"]}`, {report["minutes"]:.0f} minutes
- beside it, as Debian packages them: {peers}

{_before(report)}{reached} of {wanted} goals reached.

{goals(report)}
{silent}
{of_rows(report)}
{READING}"""


def _before(report: dict) -> str:
    if "before" not in report:
        return ""
    run = report["before"]
    return f"\"the run before\" is a whole run of its own, of {run['date']} at commit {run['commit']}: the spread between both.\n\n"
