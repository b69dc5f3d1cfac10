"""How late the machine itself is. On each processor a thread that comes before all others (SCHED_FIFO) asks to be woken
every few milliseconds: what it is late by, nothing that runs here could have kept, blipd least of all. A host that holds a
virtual machine's processors shows here and in no account of stolen time."""

import contextlib
import json
import os
import subprocess
import sys
import time

PERIOD = 0.005
PRIORITY = 60


@contextlib.contextmanager
def watched():
    """Yields a function that ends the watch and says: milliseconds, p99 and longest."""
    watchers = [
        subprocess.Popen([sys.executable, __file__, str(cpu)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for cpu in sorted(os.sched_getaffinity(0))
    ]

    def end() -> dict:
        late = sorted(value for watcher in watchers for value in json.loads(watcher.communicate(b"end\n", timeout=10)[0]))
        return {"machine_lag_p99_ms": 1000 * late[int(0.99 * len(late))], "machine_lag_worst_ms": 1000 * late[-1]}

    try:
        yield end
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.wait()
            watcher.stdin.close()
            watcher.stdout.close()


def _watch(cpu: int) -> list[float]:
    """Seconds late, of each time. Times that a long hold passed over are late as well, as probes would have been."""
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    os.set_blocking(0, False)
    late = []
    due = time.monotonic() + PERIOD
    while not sys.stdin.buffer.raw.read(16):
        time.sleep(max(0.0, due - time.monotonic()))
        late.append(time.monotonic() - due)
        due += PERIOD
    return late


if __name__ == "__main__":
    json.dump(_watch(int(sys.argv[1])), sys.stdout)
