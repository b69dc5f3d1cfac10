"""Where the programs under test are. A missing one is a failure, never a skip."""

import os
import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[3]


def _program(variable: str, name: str) -> pathlib.Path:
    build = pathlib.Path(os.environ.get("BLIPD_BUILD", ROOT / "build" / "release"))
    path = pathlib.Path(os.environ.get(variable, build / name)).resolve()
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is not there: build it (./dev build release) or set {variable} or BLIPD_BUILD")
    return path


def blipd() -> pathlib.Path:
    return _program("BLIPD_BIN", "blipd")


def blipd_lab() -> pathlib.Path:
    return _program("BLIPD_LAB", "blipd-lab")


def package() -> pathlib.Path:
    """The Debian package made from that build."""
    build = pathlib.Path(os.environ.get("BLIPD_BUILD", ROOT / "build" / "release"))
    found = sorted((build.parent / "package").glob("blipd_*.deb"))
    if len(found) != 1:
        raise RuntimeError(f"there is no package in {build.parent / 'package'}: make it (./dev package)")
    return found[0]


def peer(name: str) -> str:
    """The path of somebody else's program."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        raise RuntimeError(f"{name} is not installed; ./dev up installs what is missing")
    return found


def computing(*command) -> list[str]:
    """A command that computes for long, so that it leaves the cores to the daemons that other files run beside it."""
    return ["/usr/bin/nice", "-n", "15", "/usr/bin/env", "GOMAXPROCS=1", *map(str, command)]


def require_root() -> None:
    if os.geteuid() != 0:
        raise RuntimeError("network namespaces need root: run through sudo")
