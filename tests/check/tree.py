"""The files of the project, found by walking it, so that the checks also work where git does not."""

import os
from collections.abc import Iterator
from pathlib import Path

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache", ".cache", ".vscode", ".idea"}
CODE_SUFFIXES = {".cpp", ".hpp"}
CODE_FOLDERS = ("config", "daemon", "probes", "tests")


def all_files(root: Path) -> Iterator[Path]:
    """Every file below root, in order of names; absolute paths."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("build-"))
        for name in sorted(names):
            if name != ".git":  # a file in the further working trees of a repository
                yield Path(folder) / name


def code_files(root: Path) -> list[Path]:
    return [file for folder in CODE_FOLDERS for file in all_files(root / folder) if file.suffix in CODE_SUFFIXES]
