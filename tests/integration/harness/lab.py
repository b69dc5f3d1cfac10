"""The laboratory: a scripted country behind a TUN device, in a namespace that it makes."""

import pathlib
import time

import yaml

from . import settings
from .network import Namespace
from .processes import Process, wait_until


class Laboratory:
    def __init__(self, scenario: dict, directory: pathlib.Path, seed: int = 1, wrap=()):
        """`wrap`: a command that runs the laboratory in its turn (daemon.AHEAD)."""
        settings.require_root()
        directory.mkdir(parents=True, exist_ok=True)
        file, ready = directory / "scenario.yaml", directory / "lab-is-ready"
        file.write_text(yaml.safe_dump(scenario, sort_keys=False))
        self.stats_file = directory / "lab-stats.json"
        self.process = Process(
            "lab",
            [*wrap, settings.blipd_lab(), "--scenario", file, "--seed", seed, "--ready-file", ready, "--stats", self.stats_file,
             "--", "/usr/bin/sleep", "infinity"],
            directory,
        )  # fmt: skip
        self.namespace = None
        try:
            wait_until(lambda: self._is_ready(ready), 10, "the laboratory is ready", 0.01)
            self.started = time.monotonic()  # the scenario's time zero, to within some 10 ms
            self.namespace = Namespace(wait_until(self._inhabitant, 5, "somebody lives there", 0.01), directory)
        except BaseException:
            self.process.kill()
            raise

    def _is_ready(self, ready: pathlib.Path) -> bool:
        self.process.expect_running()
        return ready.exists()

    def _inhabitant(self):
        """The process id of the command that the laboratory was told to run."""
        todo = [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "sleep":
                    return pid
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    todo += map(int, (task / "children").read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
        return None

    def close(self) -> None:
        if self.namespace is not None:
            self.namespace.close()
        self.process.kill()
