"""/api/v1/events: what changes is told as it changes, to many, for long, and nobody who is slow holds up the others."""

import contextlib
import json
import socket
import threading
import time

import pytest
from harness.daemon import PORT, configuration
from harness.processes import wait_until

HOSTS = [f"198.18.1.{i}" for i in range(1, 7)]
TARGETS = {f"t{i}": (host, ["ping"]) for i, host in enumerate(HOSTS)}
PROBES = {"ping": {"type": "icmp", "interval": "500ms", "timeout": "400ms"}}
CONTROLS = [{"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i}", "probes": ["ping"]} for i in range(3)]
CUT = "add table inet story; add chain inet story in { type filter hook input priority 0; }; add rule inet story in ip daddr 198.18.1.0/24 drop"


class Stream:
    """Reads a stream on a thread of its own: [(when it came, kind, data)]."""

    def __init__(self, namespace, request="GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"):
        self.messages = []
        self.ended = None
        self._socket = namespace.connect("127.0.0.1", PORT)
        self._socket.settimeout(30)
        self._socket.sendall(request.encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.fields = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            self.fields[name] = value
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        text = b""
        try:
            while size := int(self._file.readline() or b"0", 16):
                text += self._file.read(size)
                self._file.readline()
                *messages, text = text.split(b"\n\n")
                for message in messages:
                    fields = dict(line.split(": ", 1) for line in message.decode().split("\n") if ": " in line)
                    data = json.loads(fields["data"]) if "data" in fields else None
                    self.messages.append((time.monotonic(), fields.get("event", ""), data))
        except (OSError, ValueError):
            pass
        self.ended = time.monotonic()

    def of(self, kind: str) -> list:
        return [(at, data) for at, its, data in self.messages if its == kind]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._file.close()
        self._socket.close()


@pytest.fixture(scope="module")
def daemon(pair, run_for_module):
    return run_for_module(pair.near, configuration(TARGETS, PROBES, controls=CONTROLS)).wait_ready()


@pytest.fixture
def stream(daemon):
    with contextlib.ExitStack() as stack:

        def open_stream(**options) -> Stream:
            stream = Stream(daemon.namespace, **options)
            stack.callback(stream.close)
            return stream

        yield open_stream


def level(daemon) -> str:
    return json.loads(daemon.request("/api/v1/status")[1])["countries"][0]["level"]


def test_it_begins_with_how_things_stand(stream):
    told = stream()
    assert told.status == 200
    assert told.fields["Content-Type"] == "text/event-stream"
    assert told.fields["Cache-Control"] == "no-store"
    wait_until(lambda: told.of("status"), 3, "the status is told")
    status = told.of("status")[0][1]
    assert [country["code"] for country in status["countries"]] == ["KP"]
    assert [network["name"] for network in status["countries"][0]["networks"]] == ["net"]


def test_a_fall_is_told_to_all_within_moments_and_each_revision_once(daemon, pair, stream):
    wait_until(lambda: level(daemon) == "normal", 20, "the country is normal")
    streams = [stream() for _ in range(5)]
    time.sleep(1.5)
    pair.far.nft(CUT)
    try:
        wait_until(lambda: level(daemon) == "total", 20, "the country falls", 0.05)
        known = time.monotonic()
        told = lambda each: [at for at, data in each.of("status") if data["countries"][0]["level"] == "total"]  # noqa: E731
        for each in streams:
            wait_until(lambda each=each: told(each), 3, "the level is told")
            assert told(each)[0] - known < 3
            wait_until(lambda each=each: each.of("event"), 3, "the event is told")
    finally:
        pair.far.nft("delete table inet story")
    wait_until(lambda: level(daemon) in ("normal", "recovering"), 20, "the country is back")
    time.sleep(2)
    for each in streams:
        revisions = [(data["id"], data["revision"]) for _, data in each.of("event")]
        assert len(revisions) == len(set(revisions))
        _, events = daemon.request("/api/v1/outages")
        latest = {event["id"]: event["revision"] for event in json.loads(events)["events"]}
        for name in latest:
            assert max(revision for its, revision in revisions if its == name) == latest[name]


def test_many_may_listen_and_one_more_is_told_to_come_later(daemon, stream):
    wait_until(lambda: daemon.scrape().value("blipd_http_event_streams") == 0, 2, "those of before are gone")
    streams = [stream() for _ in range(32)]
    assert {each.status for each in streams} == {200}
    assert daemon.scrape().value("blipd_http_event_streams") == 32
    refused = stream()
    assert refused.status == 503
    assert refused.fields["Retry-After"] == "1"
    assert daemon.scrape().value("blipd_http_refused_event_streams_total") == 1
    wait_until(lambda: all(each.of("status") for each in streams), 3, "all hear how things stand")


def test_it_outlives_the_servers_patience_and_is_kept_warm(stream):
    told = stream()
    time.sleep(34)  # 30 s between requests are allowed, 10 s for an answer
    assert told.ended is None
    assert sum(1 for _, kind, data in told.messages if kind == "" and data is None) >= 2  # the retry, and a comment at least


def test_only_reading_is_possible(daemon, stream):
    answer = stream(request="POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert answer.status == 405
    answer = stream(request="HEAD /api/v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.status == 200
    wait_until(lambda: answer.ended, 5, "it ends with its head")


def test_the_end_of_the_daemon_ends_streams_at_once(pair, run):
    daemon = run(pair.near, configuration(TARGETS, PROBES, port=PORT + 1))
    daemon.wait_ready()
    with contextlib.closing(pair.near.connect("127.0.0.1", PORT + 1)) as client:
        client.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        assert daemon.stop() < 1
