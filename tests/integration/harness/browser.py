"""A real browser that looks at the page: the checks of tests/browser, each a program of its own."""

import os
import pathlib
import subprocess

from . import settings
from .daemon import Daemon

FOLDER = settings.ROOT / "tests" / "browser"


def packages() -> pathlib.Path:
    build = pathlib.Path(os.environ.get("BLIPD_BUILD", settings.ROOT / "build" / "release"))
    found = build.parent / "browser"
    if not (found / "node_modules").is_dir():
        raise RuntimeError(f"{found} has no packages: ./dev test page puts them there")
    return found


def run(program: str, daemon: Daemon, *arguments, timeout: float = 120) -> str:
    """A program of tests/browser, with the daemon's address and the arguments; what it printed."""
    environment = {**os.environ, "BLIPD_BROWSER_PACKAGES": str(packages()), "HOME": str(daemon.directory)}
    # The network alone is the daemon's: a browser wants to see the rest of a machine.
    enter = ["/usr/bin/nsenter", "-t", str(daemon.namespace.pid), "-n", "--"]
    done = subprocess.run(
        [*enter, "node", FOLDER / program, f"http://127.0.0.1:{daemon.port}", *map(str, arguments)],
        env=environment, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{program} {arguments}:\n{done.stderr[-4000:]}"
    return done.stdout


def expect(check: str, daemon: Daemon, **options) -> str:
    """Runs tests/browser/checks/<check>.mjs."""
    return run("run.mjs", daemon, check, **options)
