"""A real browser that looks at the page: the checks of tests/browser, each a program of its own."""

import os
import pathlib

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
    environment = [f"BLIPD_BROWSER_PACKAGES={packages()}", f"HOME={daemon.directory}"]
    done = daemon.namespace.run(
        "/usr/bin/env", *environment, "node", FOLDER / "run.mjs", check, f"http://127.0.0.1:{daemon.port}", *arguments,
        check=False, timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, f"{check}:\n{done.stderr[-4000:]}"
    return done.stdout
