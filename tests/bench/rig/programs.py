"""The benchmark's own programs, where ./dev bench builds them."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]


def built(name: str) -> pathlib.Path:
    path = pathlib.Path(os.environ.get("BLIPD_BUILD", ROOT / "build" / "release")) / name
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is not there: ./dev bench builds it, or set BLIPD_BUILD")
    return path
