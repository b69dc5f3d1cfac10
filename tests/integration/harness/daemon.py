"""blipd as the tests run it: a configuration as a dictionary, a namespace, a bound on every wait."""

import contextlib
import http.client
import pathlib
import signal
import ssl
import sys
import threading
import time

import yaml

from . import settings
from .metrics import Metrics
from .network import Namespace
from .processes import TimedOut, wait_until
from .web import Access

PORT = 10547

# For `wrap`: the probing thread comes before all others on this machine, blipd's own threads among them (docs/scaling.md,
# "A busy machine"). What that thread does or waits for itself makes probes late all the same; what the threads that
# serve take of the processors does not.
AHEAD = ("chrt", "--reset-on-fork", "--fifo", "1")


class Connection(http.client.HTTPConnection):
    """HTTP to an address inside a namespace, or HTTPS with `tls`."""

    def __init__(self, namespace: Namespace, port: int, timeout: float = 5, tls: ssl.SSLContext | None = None):
        super().__init__("127.0.0.1", port, timeout=timeout)
        self._namespace, self._tls = namespace, tls

    def connect(self):
        self.sock = self._namespace.connect(self.host, self.port, self.timeout)
        if self._tls:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)


def configuration(targets, probes, *, country="KP", controls=(), port=PORT, **rest) -> dict:
    """One country. `targets`: {name: (host, [probe, …])} for one network named net, or {network: {name: …}}."""
    networks = targets if all(isinstance(value, dict) for value in targets.values()) else {"net": targets}
    whole = {
        "vantage": {"name": "test"},
        "probes": probes,
        "countries": [
            {
                "code": country,
                "name": "Testland",
                "networks": [
                    {
                        "name": network,
                        "targets": [
                            {"name": name, "host": host, "probes": list(ways)} for name, (host, ways) in listed.items()
                        ],
                    }
                    for network, listed in networks.items()
                ],
            },
        ],
        "listen": f"127.0.0.1:{port}",
        "journal": "none",
        **rest,
    }
    if controls:
        whole["vantage"]["controls"] = list(controls)
    return whole


class Watcher:
    """Scrapes on a thread of its own, `rate` times a second, until told to stop or until nobody answers."""

    def __init__(self, daemon: "Daemon", rate: float):
        self.daemon, self._period = daemon, 1 / rate
        self.scrapes: list[tuple[float, Metrics]] = []  # time.monotonic() when asked
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            at = time.monotonic()
            try:
                self.scrapes.append((at, self.daemon.scrape()))
            except (OSError, http.client.HTTPException):
                if self.daemon.is_stopping:
                    return
                self.failure = sys.exc_info()[1]
                return
            except BaseException as failure:  # pylint: disable=broad-except  # told by finish()
                self.failure = failure
                return
            due = max(due + self._period, at)
            self._stop.wait(due - time.monotonic())

    def finish(self) -> list[tuple[float, Metrics]]:
        self._stop.set()
        self._thread.join(10)
        if self.failure is not None:
            raise AssertionError(f"a scrape failed: {self.failure!r}") from self.failure
        return self.scrapes


class Daemon:
    def __init__(self, namespace: Namespace, config: dict, directory: pathlib.Path, *, name="blipd", wrap=(), env=None,
                 options=(), access=Access()):
        """`wrap`: a command that runs blipd in its turn (prlimit, setpriv); `options`: of blipd run; `access`: how to ask it."""
        self.access = access
        self.namespace = namespace
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.config_file = directory / f"{name}.yaml"
        self.write(config)
        self.is_stopping = False
        self.port = int(str(config["listen"]).rpartition(":")[2])
        self.process = namespace.start(
            name, *wrap, settings.blipd(), "run", "--config", self.config_file, *options, env=env, directory=directory
        )

    def write(self, config: dict) -> None:
        self.config = config
        self.config_file.write_text(yaml.safe_dump(config, sort_keys=False, width=200))
        self.config_file.chmod(0o644)

    @property
    def log(self) -> str:
        return self.process.errors

    # HTTP

    def request(self, path: str, timeout: float = 5) -> tuple[int, str]:
        status, body = self.request_bytes(path, timeout)
        return status, body.decode()

    def request_bytes(self, path: str, timeout: float = 5) -> tuple[int, bytes]:
        with contextlib.closing(Connection(self.namespace, self.port, timeout, self.access.tls)) as connection:
            connection.request("GET", path, headers=self.access.headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def is_ready(self) -> bool:
        self.process.expect_running()
        try:
            return self.request("/-/ready", 1)[0] == 200
        except OSError:
            return False

    def wait_ready(self, timeout: float = 10) -> "Daemon":
        try:
            wait_until(self.is_ready, timeout, f"{self.name} is ready")
        except TimedOut as late:
            raise TimedOut(f"{late}\n{self.log[-4000:]}") from None
        return self

    def wait_listening(self, timeout: float = 5) -> "Daemon":
        def is_listening():
            self.process.expect_running()
            with contextlib.suppress(OSError):
                return self.request("/-/healthy", 1)[0] == 200
            return False

        wait_until(is_listening, timeout, f"{self.name} serves", 0.02)
        return self

    def wait_for_service(self, timeout: float = 15) -> "Daemon":
        """Until a request is answered with success."""

        def serves():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.request("/-/healthy", 1)[0] == 200
            return False

        wait_until(serves, timeout, f"{self.name} serves again")
        return self

    def scrape(self, *families: str, timeout: float = 5) -> Metrics:
        """With `families`, those alone (by the beginnings of their names): a large scrape takes long to read."""
        if not self.is_stopping:
            self.process.expect_running()  # or somebody else would be asked
        status, text = self.request("/metrics", timeout)
        assert status == 200, f"/metrics says {status}: {text[:200]}"
        if families:
            starts = tuple(start + family for start in ("", "# HELP ", "# TYPE ") for family in families)
            text = "".join(line + "\n" for line in text.split("\n") if line.startswith(starts))
        return Metrics(text)

    def wait_for(self, claim, timeout: float, what: str, interval: float = 0.1) -> Metrics:
        """The first scrape of which `claim` is true."""
        last = None

        def is_so():
            nonlocal last
            last = self.scrape()
            return claim(last)

        try:
            wait_until(is_so, timeout, what, interval)
        except TimedOut as late:
            raise TimedOut(f"{late}\n{self.log[-2000:]}\n{_brief(last)}") from None
        return last

    # Life

    def reload(self, config: dict | None = None) -> None:
        """Tells it to read its file again, and waits until it has."""
        if config is not None:
            self.write(config)
        name = "blipd_config_last_reload_success_timestamp_seconds"
        before = self.scrape().value(name)
        self.process.signal(signal.SIGHUP)
        self.wait_for(lambda now: now.value(name) > before, 5, "the configuration is reloaded")

    def stop(self, number: int = signal.SIGTERM, within: float = 1.0) -> float:
        """Ends it, and insists on exit code 0 in time; how long it took."""
        self.process.expect_running()
        self.is_stopping = True
        start = time.monotonic()
        self.process.signal(number)
        code = self.process.wait(within + 5)
        took = time.monotonic() - start
        assert code == 0, f"exit {code} on signal {number}:\n{self.log[-4000:]}"
        assert took <= within, f"took {took:.2f} s to stop"
        return took

    def kill(self) -> None:
        self.process.kill()


def _brief(metrics: Metrics | None) -> str:
    if metrics is None:
        return "no scrape"
    shown = [line for line in metrics.text.splitlines() if not line.startswith("#") and "_bucket" not in line]
    return "\n".join(line for line in shown if not line.endswith(" 0"))[:2500]
