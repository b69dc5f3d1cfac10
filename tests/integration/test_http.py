"""HTTP and HTTPS probes against nginx, with certificates that hold and that do not, and against a server that misbehaves."""

import contextlib
import datetime
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest
import yaml
from harness import peers, settings
from harness.daemon import PORT, configuration
from harness.metrics import unbalanced
from harness.odd_web_server import SLOW, WAYS
from harness.processes import wait_until
from harness.web import NOW, PAST, Authority

HOST4, HOST6 = "198.18.1.1", "2001:2:0:1::101"
SILENT = "198.18.66.1"
NAME = "www.example.test"
HTTP, HTTPS, ODD, CLOSED = 80, 443, 9000, 9999
CERTIFICATES = {"good": 443, "expiring": 4431, "expired": 4432, "wrong_name": 4433, "self_signed": 4434}
FAST = {"interval": "1s", "timeout": "700ms"}
ENDS = ("whole", "refused", "reset", "closed", "silent", "tls", "malformed", "overrun")


def odd(way: str) -> int:
    return ODD + WAYS.index(way)


def http(**more) -> dict:
    return {"type": "http", "host": NAME, **FAST, **more}


class World:
    """nginx with one port for each certificate, pages that redirect and block, and the odd server."""

    def __init__(self, pair, directory):
        self.pair, self.directory = pair, directory
        good, other = Authority(directory / "authority"), Authority(directory / "nobody")
        self.ca_file = good.certificate
        self.ends = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=5, hours=1)
        soon = (NOW[0], self.ends.strftime("%Y%m%d%H%M%SZ"))
        names = f"DNS:{NAME}, IP:{HOST4}, IP:{HOST6}"
        files = {
            "good": good.issue("good", names=names),
            "expiring": good.issue("expiring", soon, names),
            "expired": good.issue("expired", PAST, names),
            "wrong_name": good.issue("wrong_name", names="DNS:other.example.test"),
            "self_signed": (other.certificate, other.directory / "ca.key"),
        }
        temporary = "".join(
            f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        pages = (
            'location / { return 200 "Welcome to the page"; }\n'
            'location /blocked { return 200 "<h1>Access to this site is RESTRICTED by order</h1>"; }\n'
            "location /elsewhere { return 302 http://198.18.77.77/there; }\n"
            f"location /to-tls {{ return 301 https://{NAME}/; }}\n"
            "location /loop { return 301 /loop; }\n"
            "location /missing { return 404; }\n"
            f"location /big {{ root {directory}; }}\n"
        )
        (directory / "big").write_text("y" * 200_000)
        (directory / "big").chmod(0o644)
        servers = f"server {{ listen 0.0.0.0:{HTTP}; listen [::]:{HTTP};\n{pages} }}\n"
        for name, port in CERTIFICATES.items():
            certificate, key = files[name]
            servers += (
                f"server {{ listen 0.0.0.0:{port} ssl; listen [::]:{port} ssl;\n"
                f"ssl_certificate {certificate}; ssl_certificate_key {key};\n{pages} }}\n"
            )
        config = directory / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx.log; user root;\n"
            "events { worker_connections 1024; }\n"
            f'http {{ log_format asked "$request|$http_host|$http_user_agent|$ssl_server_name"; access_log {directory}/access.log asked;\n'
            f"{temporary}\n{servers} }}\n"
        )
        pair.far.start("nginx", settings.peer("nginx"), "-c", config, "-e", directory / "nginx.log", directory=directory)
        pair.far.start("odd", sys.executable, settings.ROOT / "tests/integration/harness/odd_web_server.py", ODD, directory=directory)
        pair.far.nft(f"table inet world {{\n chain in {{\n type filter hook input priority 0; policy accept;\n ip daddr {SILENT} drop\n }}\n }}")
        for port in (HTTP, HTTPS, ODD):
            wait_until(lambda port=port: self._listens(port), 10, f"somebody listens on port {port}")

    def _listens(self, port: int) -> bool:
        with contextlib.suppress(OSError), self.pair.far.connect("127.0.0.1", port, 0.5):
            return True
        return False

    @property
    def asked(self) -> list[str]:
        return (self.directory / "access.log").read_text().splitlines()

    def expect(self, **more) -> dict:
        return {"ca_file": str(self.ca_file), **more}


@pytest.fixture(scope="module")
def world(pair, module_directory):
    directory = module_directory / "world"
    directory.mkdir()
    directory.chmod(0o755)
    return World(pair, directory)


def probes_of(world) -> dict:
    tls = {"tls": True}
    return {
        "plain": http(expect={"status": [200], "body_matches": ["^Welcome"]}),
        "literal": {"type": "http", **FAST, "tls": True, "expect": world.expect()},
        "good": http(**tls, expect=world.expect(status=["2xx"], certificate_days=14)),
        "expiring": http(**tls, port=CERTIFICATES["expiring"], expect=world.expect(certificate_days=14)),
        "expired": http(**tls, port=CERTIFICATES["expired"], expect=world.expect()),
        "wrong_name": http(**tls, port=CERTIFICATES["wrong_name"], expect=world.expect()),
        "self_signed": http(**tls, port=CERTIFICATES["self_signed"], expect=world.expect()),
        "careless": http(**tls, port=CERTIFICATES["self_signed"], expect={"verify": False}),
        "system": http(**tls),
        "missing": http(path="/missing", expect={"status": ["2xx", "3xx"]}),
        "blocked": http(path="/blocked", expect={"body_mismatches": ["(?i)restricted by order"]}),
        "elsewhere": http(path="/elsewhere", redirects=3, expect={"status": [200]}),
        "to_tls": http(path="/to-tls", redirects=1, expect=world.expect(body_matches=["Welcome"])),
        "loop": http(path="/loop", redirects=2),
        "head": http(method="HEAD", path="/big", expect={"status": [200]}),
        "big": http(path="/big", expect={"body_matches": ["^y+$"]}),
        "closed": http(port=CLOSED),
        "not_tls": http(**tls, port=HTTP, expect=world.expect()),
        **{way: http(port=odd(way)) for way in WAYS},
        "silent_in_tls": http(**tls, port=odd("silent")),
        "reset_in_tls": http(**tls, port=odd("reset_before_answer")),
    }


# What is not as expected of each; empty: nothing.
UNMET = {
    "plain": "", "literal": "", "good": "",
    "expiring": "the certificate expires in 5 days, 14 are expected",
    "expired": "the certificate has expired",
    "wrong_name": "the certificate is for another name (other.example.test)",
    "self_signed": "the certificate is not trusted (self-signed certificate) and is for another name (CN=nobody)",
    "careless": "",
    "system": "the certificate is not trusted (unable to get local issuer certificate)",
    "missing": "the status is 404",
    "blocked": "something in the body matches '(?i)restricted by order'",
    "elsewhere": "the status is 302",
    "to_tls": "", "loop": "", "head": "", "big": "",
    "closed": "the connection was refused",
    "not_tls": "TLS failed during the TLS handshake: wrong version number",
    "slow": "", "forever": "",
    "reset_in_body": "reset while the body was read, after 1,024 of 8,192 bytes",
    "silent": "nothing more within 700ms, before the first byte of the answer",
    "closes_early": "closed while the body was read, after 1,024 of 8,192 bytes",
    "reset_before_answer": "reset before the first byte of the answer",
    "banner": "no HTTP before the first byte of the answer: Received HTTP/0.9 when not allowed",
    "silent_in_body": "nothing more within 700ms, while the body was read, after 1,024 of 8,192 bytes",
    "silent_in_tls": "nothing more within 700ms, during the TLS handshake",
    "reset_in_tls": "reset during the TLS handshake",
}  # fmt: skip
END = {
    **dict.fromkeys(UNMET, "whole"), "closed": "refused", "not_tls": "tls", "reset_in_body": "reset", "silent": "silent",
    "closes_early": "closed", "reset_before_answer": "reset", "banner": "malformed", "silent_in_body": "silent",
    "silent_in_tls": "silent", "reset_in_tls": "reset",
}  # fmt: skip
STATUS = {
    **dict.fromkeys(UNMET, 200), "missing": 404, "elsewhere": 302, "loop": 301,
    **dict.fromkeys(("closed", "not_tls", "silent", "reset_before_answer", "banner", "silent_in_tls", "reset_in_tls"), 0),
}  # fmt: skip


@pytest.fixture(scope="module", params=[1, 2], ids=["one-shard", "two-shards"])
def daemon(world, run_for_module, request):
    probes = probes_of(world)
    targets = {"host4": (HOST4, list(probes)), "host6": (HOST6, list(probes)), "silent": (SILENT, ["plain", "good"])}
    made = run_for_module(
        world.pair.near, configuration(targets, probes, engine={"shards": request.param}), name=f"shards{request.param}"
    )
    yield made.wait_ready(20)
    made.stop()


@pytest.fixture(scope="module")
def settled(daemon):
    """A scrape in which every channel of the hosts that are there was answered three times."""
    return daemon.wait_for(
        lambda now: all(
            now.value("blipd_probes_answered_total", target=target, probe=probe) >= 3
            for target in ("host4", "host6")
            for probe in UNMET
        ) and now.value("blipd_probes_lost_total", target="silent", probe="good", reason="timeout") >= 2,
        30, "every channel has been answered three times",
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(daemon, settled):
    """What /api/v1/targets says of each HTTP channel: target → probe → its object."""
    status, text = daemon.request("/api/v1/targets")
    assert status == 200
    return {
        target["name"]: {channel["probe"]: channel for channel in target["channels"]}
        for target in json.loads(text)["targets"]
    }


HOSTS = pytest.mark.parametrize("target", ["host4", "host6"])


@HOSTS
@pytest.mark.parametrize("probe", UNMET)
def test_reachable_whatever_the_service_does(settled, target, probe):
    """Every channel of a host that is there is answered, and none of its probes is lost."""
    assert settled.value("blipd_probes_lost_total", target=target, probe=probe, reason="timeout") == 0
    assert settled.value("blipd_probes_lost_total", target=target, probe=probe, reason="unreachable") == 0
    aborted = {r: settled.value("blipd_probes_aborted_total", target=target, probe=probe, reason=r) for r in ("send_error", "overrun")}
    assert aborted == {"send_error": 0, "overrun": 0}


@HOSTS
@pytest.mark.parametrize("probe", UNMET)
def test_how_it_ended_is_told_and_counted(settled, told, target, probe):
    said = told[target][probe]["http"]
    assert said["end"] == END[probe], said
    assert said["status"] == STATUS[probe], said
    assert said["unmet"] == UNMET[probe], said
    ends = {end: settled.value("blipd_probe_http_ends_total", target=target, probe=probe, end=end) for end in ENDS}
    answered = settled.value("blipd_probes_answered_total", target=target, probe=probe)
    assert ends == {**dict.fromkeys(ENDS, 0), END[probe]: answered}
    unexpected = settled.value("blipd_answers_unexpected_total", target=target, probe=probe)
    assert unexpected == (answered if UNMET[probe] else 0)
    assert settled.value("blipd_probe_http_status_code", target=target, probe=probe) == STATUS[probe]


def test_the_counters_balance(settled):
    assert unbalanced(settled) == []


def test_silence_from_the_first_packet_on_is_loss(settled):
    assert settled.value("blipd_probes_answered_total", target="silent", probe="good") == 0
    assert settled.value("blipd_probe_http_status_code", target="silent", probe="good") == 0
    assert math.isnan(settled.value("blipd_probe_http_whole_seconds", target="silent", probe="good"))


@HOSTS
def test_phases_are_timed(settled, target):
    def phase(probe, name):
        return settled.value("blipd_probe_http_phase_seconds", target=target, probe=probe, phase=name)

    assert 0 < phase("good", "connect") < 0.1
    assert 0 < phase("good", "tls") < 0.4
    assert math.isnan(phase("plain", "tls"))
    assert SLOW <= phase("slow", "first_byte") < SLOW + 0.2
    assert SLOW <= settled.value("blipd_probe_http_whole_seconds", target=target, probe="slow") < SLOW + 0.3
    assert math.isnan(phase("silent", "first_byte"))
    assert math.isnan(phase("reset_in_body", "body"))


def test_the_round_trip_is_that_of_the_handshake(settled):
    """However long the server thinks."""
    average = settled.value("blipd_probe_rtt_seconds_sum", target="host4", probe="slow") / settled.value(
        "blipd_probe_rtt_seconds_count", target="host4", probe="slow"
    )
    assert average < 0.05


def test_certificates_are_told_with_their_end(world, settled, told):
    ends = settled.value("blipd_probe_certificate_expiry_timestamp_seconds", target="host4", probe="expiring")
    assert ends == world.ends.timestamp()
    valid = {p: settled.value("blipd_probe_certificate_valid", target="host4", probe=p) for p in ("good", "expiring", "expired", "wrong_name", "self_signed", "careless", "system")}
    assert valid == {"good": 1, "expiring": 1, "expired": 0, "wrong_name": 0, "self_signed": 0, "careless": 0, "system": 0}
    certificate = told["host4"]["good"]["http"]["certificate"]
    assert certificate["subject"] == "CN=good" and certificate["issuer"] == "CN=authority" and certificate["fault"] == ""
    assert told["host4"]["plain"]["http"]["certificate"] is None


def test_redirects_stay_with_the_host(world, told):
    assert told["host4"]["elsewhere"]["http"]["location"] == "http://198.18.77.77/there"
    assert told["host4"]["elsewhere"]["http"]["followed"] == 0
    assert told["host4"]["to_tls"]["http"]["followed"] == 1
    assert told["host4"]["to_tls"]["http"]["certificate"]["subject"] == "CN=good"
    assert told["host4"]["loop"]["http"]["followed"] == 2
    assert not any("/there" in line for line in world.asked)


def test_a_body_is_read_to_its_limit(settled, told):
    for probe in ("big", "forever"):
        assert told["host6"][probe]["http"]["is_cut"]
        assert settled.value("blipd_probe_http_body_bytes", target="host6", probe=probe) == 65536
    assert told["host6"]["head"]["http"]["body_bytes"] == 0
    assert told["host6"]["head"]["http"]["announced_bytes"] == 200_000


def test_the_server_sees_host_name_and_who_asks(world, settled):
    asked = set(world.asked)
    assert f"GET / HTTP/1.1|{NAME}|blipd|-" in asked
    assert f"GET / HTTP/1.1|{NAME}|blipd|{NAME}" in asked
    assert f"GET / HTTP/1.1|{HOST4}|blipd|-" in asked
    assert f"GET / HTTP/1.1|[{HOST6}]|blipd|-" in asked
    assert f"HEAD /big HTTP/1.1|{NAME}|blipd|-" in asked


def test_nothing_is_left_in_time_wait_on_our_side(world, settled):
    left = world.pair.near.run("ss", "-Htan", "state", "time-wait").stdout.splitlines()
    assert [line for line in left if HOST4 in line or HOST6 in line] == []


def test_a_scrape_is_taken_by_promtool(daemon, settled):
    text = daemon.request("/metrics")[1]
    command = [settings.peer("promtool"), "check", "metrics"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_probe_says_what_it_found(world, directory):
    """blipd probe: a line with status, phases, the certificate's end, and what is not as expected."""
    probes = {name: probe for name, probe in probes_of(world).items() if name in ("plain", "expiring", "reset_in_body", "closed", "elsewhere", "silent_in_tls")}
    file = directory / "blipd.yaml"
    file.write_text(yaml.safe_dump(configuration({"t": (HOST4, list(probes))}, probes)))
    done = world.pair.near.run(settings.blipd(), "probe", "--config", file, HOST4, timeout=20)
    said = dict(line.split(None, 1) for line in done.stdout.splitlines() if line.startswith("  "))
    assert re.match(r"HTTP answer in [\d.]+ ms, status 200, connect [\d.]+ ms, first byte [\d.]+ ms, body [\d.]+ ms, whole [\d.]+ ms, 19 bytes$", said["plain"]), said
    date = world.ends.strftime("%Y-%m-%d")
    assert f"certificate until {date} (5 days); not as expected: {UNMET['expiring']}" in said["expiring"], said
    assert re.match(r"port open \(connected\) in .*; not as expected: reset while the body was read, after 1,024 of 8,192 bytes", said["reset_in_body"]), said
    assert said["closed"].startswith("port refused (RST): the host is there"), said
    assert "status 302" in said["elsewhere"] and "redirects to http://198.18.77.77/there" in said["elsewhere"], said
    assert said["silent_in_tls"].endswith("nothing more within 700ms, during the TLS handshake"), said
    assert said["verdict"].startswith("up"), said


def test_many_https_channels_disturb_no_other(world, run):
    """Fifty HTTPS channels, each every second, beside an echo that is asked ten times a second."""
    probes = {
        "ping": {"type": "icmp", "interval": "100ms", "timeout": "500ms"},
        "good": http(tls=True, expect=world.expect()),
    }
    targets = {"quiet": ("198.18.2.1", ["ping"])}
    port = PORT + 1  # the module's own daemon has the usual one
    made = run(world.pair.near, configuration(targets, probes, port=port))
    made.wait_ready()

    def processor_seconds() -> float:
        fields = pathlib.Path(f"/proc/{made.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def look(seconds) -> dict:
        before, used = made.scrape(), processor_seconds()
        time.sleep(seconds)
        after, used = made.scrape(), processor_seconds() - used

        def grown(name, **labels):
            return after.sum(name, **labels) - before.sum(name, **labels)

        lag = "blipd_scheduling_lag_seconds"
        return {
            "sent": grown("blipd_probes_sent_total", target="quiet"),
            "lost": grown("blipd_probes_lost_total", target="quiet"),
            "aborted": grown("blipd_probes_aborted_total", target="quiet"),
            "late": grown(f"{lag}_count") - grown(f"{lag}_bucket", le="0.1"),
            "lag": grown(f"{lag}_sum") / grown(f"{lag}_count"),
            "whole": grown("blipd_probe_http_ends_total", end="whole"),
            "ended": grown("blipd_probe_http_ends_total"),
            "used": used,
        }

    alone = look(5)
    targets |= {f"web{n}": (f"198.18.3.{n}", ["good"]) for n in range(1, 51)}
    made.reload(configuration(targets, probes, port=port))
    made.wait_for(lambda now: now.sum("blipd_probe_http_ends_total", end="whole") >= 50, 10, "all have answered")
    beside = look(5)
    each = (beside["used"] - alone["used"]) / beside["whole"]
    print(f"alone {alone}\nbeside fifty {beside}\n{each * 1e3:.2f} ms of a processor for each HTTPS probe")
    for seen in (alone, beside):
        assert seen["sent"] >= 45 and seen["lost"] == seen["aborted"] == seen["late"] == 0, (alone, beside)
    assert beside["lag"] < alone["lag"] + 0.005, (alone, beside)
    assert beside["whole"] == beside["ended"] >= 225
    assert each < 0.01
