"""The README's way from nothing to a page and to a pager, command by command, on a machine with a systemd of its own."""

import contextlib
import http.client
import json
import re

import pytest
from harness import settings
from harness.processes import wait_until

SECTION = re.search(
    r"## From nothing to a page, and to a pager\n(.*?)\n## ", (settings.ROOT / "README.md").read_text() + "\n## ", re.DOTALL
)[1]
SHELL = [block.splitlines() for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)]
# Hosts that the machine itself answers for, in the place of documentation's, which answer nobody.
CONFIGURATION = re.search(r"```yaml\n(.*?)```", SECTION, re.DOTALL)[1].replace("192.0.2.", "198.18.0.")


def commands(block: int) -> list[str]:
    """Without what they are for, and as root."""
    return [line.split(" #")[0].strip().removeprefix("sudo ") for line in SHELL[block]]


def ask(machine, port: int, path: str) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.sock = machine.network.connect("127.0.0.1", port, 5)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


def answered(machine, port: int, path: str) -> dict | None:
    with contextlib.suppress(OSError):
        return ask(machine, port, path)
    return None


@pytest.fixture(scope="module")
def followed(machine):
    """The machine, once all that the README says was done; and what blipd status said."""
    machine.run("ip", "route", "add", "local", "198.18.0.0/24", "dev", "lo")
    package = settings.package()
    machine.path("/mnt/clone/build/package").mkdir(parents=True)
    machine.path(f"/mnt/clone/build/package/{package.name}").write_bytes(package.read_bytes())
    make, install, edit, check, reload, status = commands(0)
    assert make == "./dev package"  # which made it
    assert install.removeprefix("apt install ") == f"./build/package/{package.name}"
    machine.run("sh", "-c", f"cd /mnt/clone && {install.replace('apt install', 'apt-get install -y')}", timeout=120)
    assert edit == "sudoedit /etc/blipd/blipd.yaml"
    machine.write("/etc/blipd/blipd.yaml", CONFIGURATION)
    assert "1 country, 1 network, 1 target" in machine.run(*check.split()).stdout
    machine.run(*reload.split())
    assert status == "blipd status --watch"
    show = status.removesuffix(" --watch").split()
    wait_until(lambda: "star-jv" in machine.run(*show).stdout, 10, "blipd status shows the network", 0.5)

    get, copy_rules, copy_routes, restart = commands(1)
    assert get == "apt install prometheus prometheus-alertmanager"
    machine.run("systemctl", "unmask", "prometheus", "prometheus-alertmanager")  # which the harness keeps from starting
    # Looking for others of its kind takes an address beyond loopback, which this machine has not.
    machine.write("/etc/default/prometheus-alertmanager", 'ARGS="--cluster.listen-address="\n')
    for command in (copy_rules, copy_routes):
        machine.run("sh", "-c", command)
    machine.run(*restart.split())
    return machine


def test_blipd_asks_what_the_readme_configures(followed):
    told = wait_until(
        lambda: (status := ask(followed, 10547, "/api/v1/status"))["countries"] and status, 5, "a status"
    )
    channels = [
        channel
        for network in told["countries"][0]["networks"]
        for target in network["targets"]
        for channel in target["channels"]
    ]
    assert [channel["probe"] for channel in channels] == ["ping", "soa"]
    assert told["vantage"]["name"] == "fra1"


def test_prometheus_scrapes_it_and_evaluates_every_rule(followed):
    def rules():
        groups = ask(followed, 9090, "/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def are_evaluated():
        with contextlib.suppress(OSError):
            return bool(rules()) and all(rule["health"] == "ok" for rule in rules())
        return False

    wait_until(are_evaluated, 100, "every rule was evaluated without an error", 1)
    assert "BlipdCountryOutage" in {rule["name"] for rule in rules()}

    def targets():
        found = ask(followed, 9090, "/api/v1/targets")["data"]["activeTargets"]
        return [(target["labels"]["job"], target["health"]) for target in found]

    # Rules may be evaluated before the first scrape.
    wait_until(lambda: targets() == [("blipd", "up")], 30, "Prometheus has scraped blipd", 0.5)


def test_alertmanager_has_the_routes_and_prometheus_knows_it(followed):
    told = wait_until(lambda: answered(followed, 9093, "/api/v2/status"), 10, "Alertmanager answers", 0.5)
    assert "blipd-pages" in told["config"]["original"]
    known = ask(followed, 9090, "/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    assert len(known) == 1 and ":9093" in known[0]["url"]
