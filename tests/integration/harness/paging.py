"""From blipd to somebody's pager: a real Prometheus and a real Alertmanager with the files that ship, and a webhook.

The rules are used as they are. Of the sample configurations only times are changed, and addresses: whom to scrape, whom to
tell.
"""

import contextlib
import http.server
import json
import pathlib
import signal
import socket
import socketserver
import threading
import time
import urllib.parse

import yaml

from . import settings
from .daemon import Connection, configuration
from .network import Namespace
from .processes import wait_until

PROMETHEUS, ALERTMANAGER, WEBHOOK = 10590, 10593, 10580
SHIPPED = settings.ROOT / "config"


class Notification:
    def __init__(self, at: float, receiver: str, body: dict):
        self.at, self.receiver, self.body = at, receiver, body
        self.status = body["status"]

    @property
    def alerts(self) -> list[dict]:
        return self.body["alerts"]

    def names(self, status="firing") -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.alerts if alert["status"] == status}

    def __repr__(self):
        return f"{self.receiver} {self.status} {sorted(self.names())} over {sorted(self.names('resolved'))}"


class Webhook:
    """Takes whatever is posted to it, and remembers when."""

    def __init__(self, namespace: Namespace):
        self.told: list[Notification] = []
        told = self.told

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                told.append(Notification(time.monotonic(), self.path.strip("/"), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", WEBHOOK), Handler, bind_and_activate=False)
        self._server.socket.close()
        with namespace.entered():
            self._server.socket = socket.create_server(("127.0.0.1", WEBHOOK))
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def of(self, receiver: str) -> list[Notification]:
        return [n for n in self.told if n.receiver == receiver]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _get(namespace: Namespace, port: int, path: str) -> tuple[int, bytes]:
    with contextlib.closing(Connection(namespace, port)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _wait_ready(namespace: Namespace, process, port: int) -> None:
    def is_ready():
        process.expect_running()
        with contextlib.suppress(OSError):
            return _get(namespace, port, "/-/ready")[0] == 200
        return False

    wait_until(is_ready, 30, f"{process.name} is ready")


class Alertmanager:
    """A real one with the routes that ship, and the webhook that it tells."""

    def __init__(self, namespace: Namespace, directory: pathlib.Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.namespace, self.directory = namespace, directory
        self._write()
        self.webhook = Webhook(namespace)
        self.process = namespace.start(
            "alertmanager",
            settings.peer("prometheus-alertmanager"),
            f"--config.file={directory}/alertmanager.yml",
            f"--storage.path={directory}/alertmanager",
            f"--web.listen-address=127.0.0.1:{ALERTMANAGER}",
            "--cluster.listen-address=",
            directory=directory,
        )
        _wait_ready(namespace, self.process, ALERTMANAGER)

    def _write(self) -> None:
        config = yaml.safe_load((SHIPPED / "alertmanager" / "alertmanager.yml").read_text())
        config["templates"] = [str(SHIPPED / "alertmanager" / path) for path in config["templates"]]
        for route in [config["route"], *config["route"]["routes"]]:
            route.update(group_wait="2s", group_interval="2s")
        for receiver in config["receivers"]:
            for webhook in receiver["webhook_configs"]:
                webhook["url"] = f"http://127.0.0.1:{WEBHOOK}/{receiver['name']}"
        (self.directory / "alertmanager.yml").write_text(yaml.safe_dump(config))

    def post(self, *alerts) -> None:
        """Labels of alerts that fire from now on, as Prometheus would post them."""
        with contextlib.closing(Connection(self.namespace, ALERTMANAGER)) as connection:
            body = json.dumps([{"labels": labels, "annotations": {"summary": labels["alertname"]}} for labels in alerts])
            connection.request("POST", "/api/v2/alerts", body, {"Content-Type": "application/json"})
            assert connection.getresponse().status == 200

    def close(self) -> None:
        self.webhook.close()


class Paging:
    """Prometheus with the rules that ship, and an Alertmanager, in one namespace."""

    def __init__(self, namespace: Namespace, directory: pathlib.Path, targets):
        directory.mkdir(parents=True, exist_ok=True)
        self.namespace, self.directory = namespace, directory
        self._write_prometheus(targets)
        self.alertmanager = Alertmanager(namespace, directory)
        self.webhook = self.alertmanager.webhook
        self._starts = 0
        self.prometheus = None
        self.start_prometheus()

    def _write_prometheus(self, targets) -> None:
        config = yaml.safe_load((SHIPPED / "prometheus" / "prometheus.yml").read_text())
        config["global"].update(scrape_interval="1s", scrape_timeout="900ms", evaluation_interval="1s")
        config["rule_files"] = [str(SHIPPED / "prometheus" / path) for path in config["rule_files"]]
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{ALERTMANAGER}"]
        config["scrape_configs"][0]["static_configs"][0]["targets"] = list(targets)
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(config))

    def start_prometheus(self) -> None:
        self._starts += 1
        self.prometheus = self.namespace.start(
            f"prometheus-{self._starts}",
            settings.peer("prometheus"),
            f"--config.file={self.directory}/prometheus.yml",
            f"--storage.tsdb.path={self.directory}/data",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS}",
            directory=self.directory,
        )
        _wait_ready(self.namespace, self.prometheus, PROMETHEUS)

    def stop_prometheus(self) -> None:
        self.prometheus.signal(signal.SIGTERM)
        assert self.prometheus.wait(20) == 0, self.prometheus.errors[-2000:]

    def query(self, expression: str) -> list[tuple[dict, float]]:
        status, body = _get(self.namespace, PROMETHEUS, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert status == 200, body
        return [(row["metric"], float(row["value"][1])) for row in json.loads(body)["data"]["result"]]

    def rule_errors(self) -> list[str]:
        _, body = _get(self.namespace, PROMETHEUS, "/api/v1/rules")
        groups = json.loads(body)["data"]["groups"]
        return [f"{rule['name']}: {rule['lastError']}" for group in groups for rule in group["rules"] if rule.get("lastError")]

    def close(self) -> None:
        self.alertmanager.close()


# What the stories of paging share: a small country with controls, asked every second, and a minute that is 8 seconds.

SUSTAINED, RECOVERY = 8, 8
CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]
NETWORKS = {"north": "198.18.1", "south": "198.18.2"}
PROBES = {"ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"}}
TARGETS = {name: {f"{name}{i}": (f"{prefix}.{i + 1}", ["ping"]) for i in range(4)} for name, prefix in NETWORKS.items()}
DETECT = {
    "sustained": f"{SUSTAINED}s", "blip_limit": f"{SUSTAINED}s", "recovery": f"{RECOVERY}s", "relapse": "3s",
    "unstable_from": 3900,  # three falls in a minute and a half are no instability here
    "chance": 1e-12,
}  # fmt: skip


def config_of(vantage: str, **rest) -> dict:
    made = configuration(TARGETS, PROBES, controls=CONTROLS, detect=DETECT, **rest)
    made["vantage"]["name"] = vantage
    return made


def scenario(*timeline):
    """Entries: (from, until, who)."""
    return {
        "country": "KP",
        "defaults": {"rtt": "20ms"},
        "networks": [{"name": n, "prefixes": [f"{p}.0/24"], "default": "answer"} for n, p in NETWORKS.items()],
        "controls": [{"name": c["name"], "network": c["network"], "host": c["host"]} for c in CONTROLS],
        "timeline": [
            {"at": f"{start}s", "for": f"{end - start}s", who: True, "effect": "cut"} for start, end, who in timeline
        ],
    }


class Told:
    """What came out, in seconds of the scenario."""

    def __init__(self, started, paging):
        self.rule_errors = paging.rule_errors()
        self.notifications = [(n.at - started, n) for n in paging.webhook.told]

    def pages(self, status):
        return [(at, n) for at, n in self.notifications if n.receiver == "blipd-pages" and n.status == status]

    def names(self, start, end):
        """Of all alerts that were said to fire in that time."""
        return set().union(*(n.names() for at, n in self.notifications if start <= at < end))

    def alerts(self, name):
        """[(when, labels, annotations)] of each time that it was said to fire."""
        return [
            (at, alert["labels"], alert["annotations"])
            for at, n in self.notifications
            for alert in n.alerts
            if alert["status"] == "firing" and alert["labels"]["alertname"] == name
        ]


def wait_until_second(lab, second) -> None:
    """Of its scenario."""
    time.sleep(max(0.0, lab.started + second - time.monotonic()))
