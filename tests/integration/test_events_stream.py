"""/api/v1/events: what is told to those who listen, how soon, and that none of them holds up another."""

import contextlib
import http.client
import json
import socket
import time

import pytest
from harness.daemon import Connection, configuration
from harness.events import SILENCE, Stream
from harness.lab import Laboratory
from harness.processes import wait_until
from harness.undisturbed import undisturbed
from harness.web import Access, Authority, bcrypt, write_web_file

CUT, BACK, END = 8, 16, 26  # seconds of the scenario
PASSING = 1.5  # seconds; a level that is another within two looks of a second each may go untold
SOON = 3  # seconds after the status has it
PASSWORD = "correct horse battery staple"
CONTROLS = [
    {"name": f"c{i}", "host": f"198.18.{200 + i}.1", "network": f"outside{i % 3}", "probes": ["ping"]} for i in range(5)
]
SCENARIO = {
    "country": "KP",
    "defaults": {"rtt": "20ms"},
    "networks": [{"name": "north", "prefixes": ["198.18.1.0/24"], "default": "answer"}],
    "controls": [{"name": c["name"], "network": c["network"], "host": c["host"]} for c in CONTROLS],
    "timeline": [{"at": f"{CUT}s", "for": f"{BACK - CUT}s", "all": True, "effect": "cut"}],
}
PROBES = {"ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"}}
TARGETS = {"north": {f"t{i}": (f"198.18.1.{i + 1}", ["ping"]) for i in range(6)}}
GUARDED = 10548

MOST = 32
NETWORKS = 1000
# So many that one message is more than a connection holds for somebody who does not read.
WIDE = {f"network-{i:04}-{'x' * 40}": {"t": (f"198.18.{i // 200}.{1 + i % 200}", ["ping"])} for i in range(NETWORKS)}


class Story:
    """A country that is cut and comes back, as two listeners heard of it: of a daemon that anybody may ask, and of one
    behind TLS and a password."""

    def __init__(self, lab, start, directory):
        authority = Authority(directory / "authority")
        certificate, key = authority.issue("blipd")
        web = write_web_file(
            directory / "web.yml",
            tls_server_config={"cert_file": str(certificate), "key_file": str(key)},
            basic_auth_users={"reader": bcrypt(PASSWORD)},
        )
        journal = str(directory / "journal.db")
        self.open = start(lab.namespace, configuration(TARGETS, PROBES, controls=CONTROLS, journal=journal), name="open")
        self.guarded = start(
            lab.namespace,
            configuration(TARGETS, PROBES, controls=CONTROLS, port=GUARDED, web={"config_file": str(web)}),
            name="guarded",
            access=Access(authority.certificate, "reader", PASSWORD),
        )
        self.daemons = (self.open, self.guarded)
        for daemon in self.daemons:
            daemon.wait_listening()
        self.streams = [Stream(daemon) for daemon in self.daemons]
        self.levels: list[list[tuple[float, str]]] = [[], []]  # of the status: (when it was asked, what it said)
        while time.monotonic() < lab.started + END:
            for daemon, levels in zip(self.daemons, self.levels):
                level = level_of(json.loads(daemon.request("/api/v1/status")[1]))
                levels.append((time.monotonic(), level))
            time.sleep(0.1)


def level_of(status: dict) -> str:
    return status["countries"][0]["level"]


@pytest.fixture(scope="module")
def story(run_for_module, module_directory):
    lab = Laboratory(SCENARIO, module_directory)
    told = None
    try:
        told = Story(lab, run_for_module, module_directory)
        yield told
    finally:
        for stream in told.streams if told else []:
            stream.close()
        lab.close()


@pytest.fixture
def streams():
    """streams(daemon): a listener; all are gone at the end."""
    with contextlib.ExitStack() as stack:

        def made(daemon) -> Stream:
            stream = Stream(daemon)
            stack.callback(stream.close)
            return stream

        yield made


@pytest.fixture(scope="module")
def wide(pair, run_for_module):
    return run_for_module(pair.near, configuration(WIDE, PROBES), name="wide").wait_ready()


# What is told


def test_who_comes_hears_at_once_how_it_stands(story):
    for stream in story.streams:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.retry == 2000
        first = stream.told[0]
        assert first.kind == "status"
        assert [network["name"] for network in first.data["countries"][0]["networks"]] == ["north"]


def test_levels_are_told_soon_after_the_status_has_them(story):
    for stream, levels in zip(story.streams, story.levels):
        changes = [(at, level) for (_, before), (at, level) in zip(levels, levels[1:]) if level != before]
        assert "total" in (level for _, level in changes)
        ends = [at for at, _ in changes[1:]] + [levels[-1][0]]
        for (at, level), end in zip(changes, ends):
            if end - at < PASSING:
                continue
            late = [told.at - at for told in stream.of("status") if level_of(told.data) == level and told.at > at - 2]
            assert late and min(late) <= SOON, f"{level}: {late}"


def test_statuses_are_told_when_something_changed_and_once_a_second_at_most(story):
    for stream in story.streams:
        statuses = stream.of("status")
        for before, told in zip(statuses, statuses[1:]):
            assert {**told.data, "taken": ""} != {**before.data, "taken": ""}
            # The first is the one that was there when the listener came.
            assert before is statuses[0] or told.at - before.at > 0.7


def test_each_revision_of_an_event_is_told_as_it_was_made(story):
    for daemon, stream in zip(story.daemons, story.streams):
        def are_the_same():
            known = {event["id"]: event for event in json.loads(daemon.request("/api/v1/outages")[1])["events"]}
            last = {told.data["id"]: told.data for told in stream.of("event")}
            return last == known and {event["kind"] for event in known.values()} >= {"outage"}

        wait_until(are_the_same, 10, "the last that was told of each event is what is known of it")
        revisions: dict[str, list[int]] = {}
        for told in stream.of("event"):
            revisions.setdefault(told.data["id"], []).append(told.data["revision"])
        for those in revisions.values():
            assert those == sorted(set(those)), revisions
        # Begun, and ended.
        outages = [told.data for told in stream.of("event") if told.data["kind"] == "outage"]
        assert {event["end"] is None for event in outages} == {True, False}


def test_a_name_and_password_are_asked_for_where_all_is_guarded(story):
    guarded = story.guarded
    with contextlib.closing(Connection(guarded.namespace, guarded.port, tls=guarded.access.tls)) as connection:
        connection.request("GET", "/api/v1/events")
        assert connection.getresponse().status == 401


def test_a_reload_is_heard_of_and_cuts_nobody_off(story):
    changed = dict(story.open.config)
    changed["countries"] = [{**changed["countries"][0], "name": "Elsewhere"}]
    before = len(story.streams[0].told)
    story.open.reload(changed)
    story.streams[0].wait_for("status", lambda data: data["countries"][0]["name"] == "Elsewhere", 5, "the name is told")
    assert len(story.streams[0].told) > before


def test_other_methods_and_heads(story):
    for method, status in (("HEAD", 200), ("POST", 405), ("DELETE", 405)):
        with contextlib.closing(Connection(story.open.namespace, story.open.port)) as connection:
            connection.request(method, "/api/v1/events")
            answer = connection.getresponse()
            assert (answer.status, method == "POST" and answer.headers["Allow"]) == (
                status,
                method == "POST" and "GET, HEAD",
            )
            if method == "HEAD":
                assert answer.headers["Content-Type"] == "text/event-stream" and answer.read() == b""


def test_something_comes_every_fifteen_seconds_and_each_minute_is_told(story):
    """Streams that were opened at the beginning: longer than any time limit of a connection."""
    for stream in story.streams:
        stream.wait_for("minute", lambda data: data["start"].endswith(":00.000Z"), 70, "a minute is told")
        wait_until(lambda s=stream: s.of(""), SILENCE + 5, "a comment comes")
        times = [told.at for told in stream.told]
        assert max(after - before for before, after in zip(times, times[1:])) < SILENCE + 3
        assert stream.ended is None


# Who is told


def test_a_listener_who_does_not_read_is_cut_off_and_the_others_hear_on(pair, wide, streams):
    cut_off = "blipd_http_cut_off_event_streams_total"
    with undisturbed(wide, NETWORKS), contextlib.ExitStack() as stack:
        good = [streams(wide) for _ in range(3)]
        with pair.near.entered():
            stuck = stack.enter_context(socket.socket())
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.settimeout(5)
        stuck.connect(("127.0.0.1", wide.port))
        stuck.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        begun = time.monotonic()
        wide.wait_for(lambda now: now.value(cut_off) == 1, 15, "who does not read is cut off", 0.5)
        assert time.monotonic() - begun < 13
        after = time.monotonic()
        for stream in good:
            wait_until(lambda s=stream: s.told[-1].at > after, SILENCE + 5, "the others hear on")
            assert stream.ended is None and len(stream.told[0].data["countries"][0]["networks"]) == NETWORKS
        assert wide.scrape().value(cut_off) == 1


def test_so_many_may_listen_and_the_next_is_told_to_come_again(wide, streams):
    wide.wait_for(lambda now: now.value("blipd_http_event_streams") == 0, 5, "nobody listens")
    with undisturbed(wide, NETWORKS):
        many = [streams(wide) for _ in range(MOST)]
        assert {stream.status for stream in many} == {200}
        refused = streams(wide)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        now = wide.scrape()
        assert now.value("blipd_http_event_streams") == MOST
        assert now.value("blipd_http_refused_event_streams_total") == 1
        many[0].close()
        wide.wait_for(lambda now: now.value("blipd_http_event_streams") == MOST - 1, 5, "a place is free")
        assert streams(wide).status == 200


def test_streams_end_at_once_and_whole_when_the_daemon_stops(wide, streams):
    wide.wait_for(lambda now: now.value("blipd_http_event_streams") == 0, 5, "nobody listens")
    many = [streams(wide) for _ in range(10)]
    for stream in many:
        stream.wait_for("status", lambda data: data["countries"], 5, "how it stands is told")
    told = time.monotonic()
    wide.stop()
    for stream in many:
        wait_until(lambda s=stream: s.ended, 1, "the stream ends")
        assert stream.ended - told < 0.5
        # Something that was cut short would be an IncompleteRead.
        assert not isinstance(stream.failure, http.client.HTTPException), stream.failure
