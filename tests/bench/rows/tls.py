"""What encryption costs the serving thread: the same scrapes over one connection each, with TLS and without."""

import contextlib
import statistics
import time

from harness.daemon import Connection
from harness.web import Access, Authority, write_web_file
from rig import accounting, blipd
from rig.far_end import addresses
from rig.report import AtMost, Figure

CHANNELS = 1000
PORT = blipd.PORT + 1  # of the one with TLS
SCRAPES = 30
TURNS = 5
ANSWERS = 50


def scrape_ms(daemon: blipd.Blipd) -> float:
    """Processor time of one scrape, the mean of SCRAPES after a first."""
    pid = daemon.process.pid
    with contextlib.closing(Connection(daemon.namespace, daemon.port, 5, daemon.access.tls)) as scraper:

        def scrape() -> None:
            scraper.request("GET", "/metrics")
            answer = scraper.getresponse()
            if answer.status != 200 or not answer.read():
                raise AssertionError(f"/metrics says {answer.status}")

        scrape()
        start = accounting.thread_cpu_nanoseconds(pid, "blipd-http")
        for _ in range(SCRAPES):
            scrape()
            time.sleep(0.01)
        return (accounting.thread_cpu_nanoseconds(pid, "blipd-http") - start) / SCRAPES / 1e6


def connection_ms(daemon: blipd.Blipd) -> float:
    """Processor time of a new connection and a short answer."""
    pid = daemon.process.pid
    start = accounting.thread_cpu_nanoseconds(pid, "blipd-http")
    for _ in range(ANSWERS):
        status, _ = daemon.request("/-/healthy")
        if status != 200:
            raise AssertionError(f"/-/healthy says {status}")
    return (accounting.thread_cpu_nanoseconds(pid, "blipd-http") - start) / ANSWERS / 1e6


class Tls:
    name = "tls"
    title = f"TLS: {TURNS} times {SCRAPES} scrapes of 1,000 channels over one connection, in turns with and without; serving thread alone"
    rounds = None
    figures = [
        Figure("plain_ms", "CPU of a scrape, plain", "ms"),
        Figure("tls_ms", "CPU of a scrape, TLS", "ms"),
        Figure("ratio", "TLS / plain, median of the turns", "×", AtMost(3)),
        Figure("connection_ms", "CPU of a new connection with its handshake and a short answer", "ms", AtMost(10)),
        Figure("body_mib", "size of a scrape", "MiB"),
    ]

    def measure(self, bench) -> dict:
        authority = Authority(bench.directory / "authority")
        certificate, key = authority.issue("blipd")
        web = write_web_file(
            bench.directory / "web.yml", tls_server_config={"cert_file": str(certificate), "key_file": str(key)}
        )
        access = Access(authority.certificate)
        hosts = addresses(CHANNELS)
        guarded_text = blipd.configuration(hosts, port=PORT, extra=f"web: {{config_file: '{web}'}}")
        with bench.far_ends.responder() as far, contextlib.ExitStack() as stack:
            plain = stack.enter_context(blipd.running(far, bench.directory, blipd.configuration(hosts)))
            guarded = stack.enter_context(
                blipd.running(far, bench.directory, guarded_text, name="guarded", port=PORT, access=access)
            )
            turns = [(scrape_ms(plain), scrape_ms(guarded)) for _ in range(TURNS)]
            found = {"connection_ms": connection_ms(guarded), "body_mib": len(plain.get("/metrics")[0]) / 2**20}
            guarded.end()
            plain.end()
            far.check(punctual=False)
        return found | {
            "plain_ms": statistics.median(each for each, _ in turns),
            "tls_ms": statistics.median(each for _, each in turns),
            "ratio": statistics.median(tls / clear for clear, tls in turns),
        }
