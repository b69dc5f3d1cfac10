#!/usr/bin/env python3
"""Writes dashboards/*.json, which are what is imported or provisioned, from generate/.

    write_dashboards.py           writes them
    write_dashboards.py --check   writes nothing; exit code 1 and their names when they would come out otherwise

There is nothing to install, and nobody who only uses the dashboards needs this.
"""

import json
import pathlib
import sys

from generate import country, health, network, target

FOLDER = pathlib.Path(__file__).resolve().parent / "dashboards"


def written() -> dict[pathlib.Path, str]:
    """The text of each file."""
    made = [part.build() for part in (country, network, target, health)]
    return {FOLDER / f"{one['uid']}.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n" for one in made}


def main() -> int:
    expected = written()
    stale = [path for path, text in expected.items() if not path.exists() or path.read_text() != text]
    stale += sorted(set(FOLDER.glob("*.json")) - set(expected))
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is not what generate/ makes: run config/grafana/write_dashboards.py")
        return 1 if stale else 0
    for path, text in expected.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
