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


def expect(check: str, daemon: Daemon, *arguments, timeout: float = 120) -> str:
    """Runs tests/browser/checks/<check>.mjs against the daemon, from its namespace; what it printed."""
    environment = {**os.environ, "BLIPD_BROWSER_PACKAGES": str(packages()), "HOME": str(daemon.directory)}
    # The network alone is the daemon's: a browser wants to see the rest of a machine.
    command = ["/usr/bin/nsenter", "-t", str(daemon.namespace.pid), "-n", "--", "node", FOLDER / "run.mjs", check]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{daemon.port}", *arguments],
        env=environment, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{check}:\n{done.stderr[-4000:]}"
    return done.stdout
