"""What the kernel says about processes and the machine: CPU to the nanosecond, memory, and what else was going on."""

import os
import pathlib
import time

from harness.processes import Process


def family(pid: int) -> list[int]:
    """The process and all that descend from it (scamper works in a child)."""
    found = [pid]
    for parent in found:
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue  # a thread that has ended meanwhile
    return found


def cpu_nanoseconds(pid: int) -> int:
    """Run time of a whole process by the scheduler's account, threads that have ended included."""
    return time.clock_gettime_ns((~pid << 3) | 2)  # clock_getcpuclockid(3), as glibc makes it


def thread_cpu_nanoseconds(pid: int, name: str) -> int:
    """Run time of the one thread of a process that has this name, by the scheduler's account."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int((task / "schedstat").read_text().split()[0])
    raise AssertionError(f"process {pid} has no thread {name}")


def memory_bytes(pid: int, field: str = "VmRSS") -> int:
    """VmRSS: resident now; VmHWM: the most since forget_peak()."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no {field}")


def forget_peak(pid: int) -> None:
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # proc(5): resets VmHWM


class Stretch:
    """Counts of the far end, CPU of a tool and of the whole machine, from here on until end()."""

    def __init__(self, far, process: Process, kind: str = "echoes"):
        self._far, self._process, self._kind = far, process, kind
        self._start = self._read()

    def _read(self) -> dict:
        cpu = [int(value) for value in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return {
            "time": time.monotonic(),
            "cpu": sum(cpu_nanoseconds(pid) for pid in family(self._process.pid)),
            "requests": self._far.count(self._kind) if self._far else 0,
            "machine": sum(cpu[:8]),
            "idle": cpu[3] + cpu[4],
            "steal": cpu[7],
        }

    def end(self) -> dict:
        self._process.expect_running()
        last = self._read()
        passed = {key: last[key] - self._start[key] for key in last}
        busy = (passed["machine"] - passed["idle"]) / os.sysconf("SC_CLK_TCK")
        if self._far and passed["requests"] == 0:
            raise AssertionError(f"nothing of {self._process.name} reached the far end: {self._process.errors[-500:]}")
        return {
            "seconds": passed["time"],
            "requests": passed["requests"],
            "rate": passed["requests"] / passed["time"],
            "core_percent": passed["cpu"] / 1e7 / passed["time"],
            "us": passed["cpu"] / 1000 / max(1, passed["requests"]),
            # What else the machine did, in processors: the far end's and the driver's share of the work included.
            "others_busy": (busy - passed["cpu"] / 1e9) / passed["time"],
            "steal_percent": 100 * passed["steal"] / max(1, passed["machine"]),
        }
