"""Processes that end with the test, each known by its id."""

import os
import pathlib
import signal
import subprocess
import time


class TimedOut(AssertionError):
    """Something that was waited for did not come about."""


def wait_until(claim, timeout: float, what: str, interval: float = 0.05):
    """The first truthy value of `claim()`, asked every `interval` seconds; TimedOut after `timeout`."""
    deadline = time.monotonic() + timeout
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimedOut(f"not within {timeout:g} s: {what}")
        time.sleep(interval)


class Process:
    """A child in a session of its own. Dies with us (parent death signal), its output goes to files."""

    def __init__(self, name: str, command, directory: pathlib.Path, env=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.stdout_file = directory / f"{name}.out"
        self.stderr_file = directory / f"{name}.err"
        with open(self.stdout_file, "wb") as out, open(self.stderr_file, "wb") as err:
            self._popen = subprocess.Popen(
                ["/usr/bin/setpriv", "--pdeathsig", "KILL", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=env,
                cwd="/",
                start_new_session=True,
            )
        self.pid = self._popen.pid

    @property
    def output(self) -> str:
        return self.stdout_file.read_text(errors="replace")

    @property
    def errors(self) -> str:
        return self.stderr_file.read_text(errors="replace")

    @property
    def exit_code(self):
        """None while it runs; negative for a signal. Leaves the zombie, so that its id stays ours until kill()."""
        if self._popen.returncode is None:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return None
            return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        return self._popen.returncode

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    def signal(self, number: int) -> None:
        if self.is_running:
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while self.is_running:
            if time.monotonic() >= deadline:
                raise TimedOut(f"{self.name} (pid {self.pid}) still runs after {timeout:g} s")
            time.sleep(0.002)
        return self.exit_code

    def expect_running(self) -> None:
        if not self.is_running:
            raise AssertionError(f"{self.name} ended with {self.exit_code}:\n{self.errors[-4000:]}{self.output[-2000:]}")

    def kill(self) -> None:
        """For teardown: polite first, then not. Its whole session, which is ours alone."""
        if self._popen.returncode is not None:
            return
        if self.is_running:
            os.killpg(self.pid, signal.SIGTERM)
            try:
                self.wait(2)
            except TimedOut:
                pass
        os.killpg(self.pid, signal.SIGKILL)  # and any children that outlived it
        self._popen.wait(5)

    # What the kernel says about it.

    def cpu_seconds(self) -> float:
        """User and system time of all its threads."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"{self.name} has no resident memory")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))
