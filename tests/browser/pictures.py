"""The pictures of the page in the documents: a made-up December that ends now, and a country that falls meanwhile.

    pictures.py FOLDER
"""

import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from harness import browser, settings  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.december import COLLAPSE, December  # noqa: E402
from harness.lab import Laboratory  # noqa: E402

UP, DOWN = 60, 100  # seconds before the country falls, and until the pictures are taken


def main(folder: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(prefix="blipd-pictures-") as name:
        directory = pathlib.Path(name)
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        december = December(directory, until=COLLAPSE - datetime.timedelta(seconds=90), at=now)
        scenario = {key: value for key, value in december.scenario.items() if key not in ("start", "length", "ask", "synthetic")}
        scenario["timeline"] = [{"at": f"{UP}s", "for": "1h", "all": True, "effect": "cut"}]
        config = december.configuration | {"journal": str(december.journal), "listen": "127.0.0.1:10547"}
        config["vantage"]["name"] = "lab"
        for probe in config["probes"].values():
            probe |= {"interval": "2s", "timeout": "1s"}
        lab = Laboratory(scenario, directory / "lab")
        try:
            daemon = Daemon(lab.namespace, config, directory / "daemon").wait_ready()
            daemon.wait_for(
                lambda m: m.state("blipd_country_level", "level", country="KP") == "total", UP + 60, "the country falls"
            )
            time.sleep(DOWN - UP)
            taken = directory / "pictures"
            taken.mkdir()
            browser.run("pictures.mjs", daemon, taken)
        finally:
            lab.close()
        for picture in sorted(taken.glob("*.png")):
            to = folder / picture.name
            small = [settings.peer("pngquant"), "--force", "--strip", "--speed=1", "--output", to, "64", picture]
            subprocess.run(small, check=True)
            print(f"{to.relative_to(ROOT)}: {os.path.getsize(to)} bytes")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
