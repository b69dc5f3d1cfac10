"""The served side behind TLS and passwords, with real peers: who may not ask is refused and counted, and probing goes on
as if nothing were."""

import concurrent.futures
import contextlib
import pathlib
import resource
import socket
import time

import pytest
from harness import peers, settings
from harness.daemon import Connection, configuration
from harness.undisturbed import undisturbed
from harness.web import PAST, Access, Authority, bcrypt, curl, write_web_file

TARGETS = {f"t{i}": (f"198.18.{i // 50}.{1 + i % 50}", ["ping"]) for i in range(1000)}
PROBES = {"ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"}}
PASSWORD = "correct horse battery staple"
PLAIN, GUARDED, CLOSED = 10551, 10552, 10553
METRICS = f"https://127.0.0.1:{GUARDED}/metrics"
REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def authority(module_directory):
    return Authority(module_directory / "authority")


@pytest.fixture(scope="module")
def hash_of_password():
    return bcrypt(PASSWORD)


@pytest.fixture(scope="module")
def web_file(module_directory, authority, hash_of_password):
    certificate, key = authority.issue("blipd")
    return write_web_file(
        module_directory / "guarded-web.yml",
        tls_server_config={"cert_file": str(certificate), "key_file": str(key)},
        basic_auth_users={"prometheus": hash_of_password},
    )


def run_with_all_targets(run_for_module, pair, port, name, **options):
    web = options.pop("web", None)
    rest = {"web": web} if web else {}
    return run_for_module(pair.near, configuration(TARGETS, PROBES, port=port, **rest), name=name, **options).wait_ready()


@pytest.fixture(scope="module")
def guarded(pair, run_for_module, authority, web_file):
    access = Access(authority.certificate, "prometheus", PASSWORD)
    web = {"config_file": str(web_file)}
    return run_with_all_targets(run_for_module, pair, GUARDED, "guarded", web=web, access=access)


@pytest.fixture(scope="module")
def plain(pair, run_for_module):
    return run_with_all_targets(run_for_module, pair, PLAIN, "plain")


@pytest.fixture(params=["plain", "guarded"])
def daemon(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def connect(pair, daemon):
    """connect(): a TCP connection to the daemon; all are gone at the end, when probing must have gone on undisturbed."""
    with undisturbed(daemon, len(TARGETS)), contextlib.ExitStack() as stack:

        def made(timeout=15) -> socket.socket:
            return stack.enter_context(pair.near.connect("127.0.0.1", daemon.port, timeout))

        yield made


@pytest.fixture
def talk(daemon, connect):
    """talk(): a connection over which one can speak HTTP, with TLS where the daemon wants it."""

    def made() -> socket.socket:
        client = connect()
        return daemon.access.tls.wrap_socket(client, server_hostname="127.0.0.1") if daemon.access.tls else client

    return made


def receive(client) -> bytes:
    answer = b""
    with contextlib.suppress(OSError):
        while piece := client.recv(65536):
            answer += piece
    return answer


def authorization(daemon) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in daemon.access.headers.items()).encode()


# Who may ask


def test_prometheus_scrapes_with_tls_and_a_password(pair, guarded, authority, directory):
    scrape = {
        "scheme": "https",
        "tls_config": {"ca_file": str(authority.certificate)},
        "basic_auth": {"username": "prometheus", "password": PASSWORD},
    }
    prometheus = peers.Prometheus(pair.near, directory / "prometheus", guarded.port, **scrape)
    try:
        peers.wait_until(lambda: prometheus.query("count_over_time(up[1m]) >= 4"), 20, "four scrapes", 0.3)
        assert prometheus.scrape_errors() == []
        assert prometheus.query("min_over_time(up[1m])")[0][1] == 1
    finally:
        prometheus.process.kill()


def test_prometheus_with_a_wrong_password_is_told_so(pair, guarded, authority, directory):
    before = guarded.scrape().value("blipd_http_auth_failures_total")
    scrape = {
        "scheme": "https",
        "tls_config": {"ca_file": str(authority.certificate)},
        "basic_auth": {"username": "prometheus", "password": "incorrect"},
    }
    prometheus = peers.Prometheus(pair.near, directory / "prometheus", guarded.port, **scrape)
    try:
        peers.wait_until(prometheus.scrape_errors, 20, "a scrape fails", 0.3)
        assert "401" in prometheus.scrape_errors()[0]
    finally:
        prometheus.process.kill()
    assert guarded.scrape().value("blipd_http_auth_failures_total") > before


def test_promtool_takes_the_same_file(web_file):
    done = peers.promtool_check_web(web_file)
    assert done.returncode == 0 and "SUCCESS" in done.stdout + done.stderr, done.stdout + done.stderr


def test_curl_without_and_with_credentials(pair, guarded, authority):
    trust = ["--cacert", authority.certificate]
    status, text = curl(pair.near, *trust, METRICS)
    assert status == 401 and 'WWW-Authenticate: Basic realm="blipd"' in text and "blipd_" not in text
    for pair_ in ("prometheus:wrong", f"nobody:{PASSWORD}", f":{PASSWORD}", "prometheus:"):
        assert curl(pair.near, *trust, "-u", pair_, METRICS)[0] == 401, pair_
    for path in ("/", "/-/healthy", "/-/ready", "/api/v1/status", "/nowhere"):
        assert curl(pair.near, *trust, f"https://127.0.0.1:{GUARDED}{path}")[0] == 401, path
    status, text = curl(pair.near, *trust, "-u", f"prometheus:{PASSWORD}", METRICS)
    assert status == 200 and "blipd_build_info" in text
    # Whoever does not trust the authority does not send his password.
    assert curl(pair.near, "-u", f"prometheus:{PASSWORD}", METRICS)[0] == 0


def test_plain_http_where_tls_is_required(pair, guarded):
    status, text = curl(pair.near, f"http://127.0.0.1:{GUARDED}/metrics")
    assert status == 400 and "this port speaks TLS" in text and "blipd_" not in text


@pytest.mark.parametrize("version, is_taken", [("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_versions_of_tls(pair, guarded, authority, version, is_taken):
    before = guarded.scrape().sum("blipd_http_tls_failures_total")
    asked = [settings.peer("openssl"), "s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-CAfile", authority.certificate]
    done = pair.near.run(*asked, "-connect", f"127.0.0.1:{GUARDED}", stdin="Q\n", check=False)
    assert ("Verify return code: 0 (ok)" in done.stdout and done.returncode == 0) == is_taken, done.stdout + done.stderr
    assert guarded.scrape().sum("blipd_http_tls_failures_total") - before == (0 if is_taken else 1)


def test_only_good_certificates_of_clients(pair, run, authority, directory):
    certificate, key = authority.issue("closed")
    web = write_web_file(
        directory / "closed-web.yml",
        tls_server_config={
            "cert_file": str(certificate),
            "key_file": str(key),
            "client_auth_type": "RequireAndVerifyClientCert",
            "client_ca_file": str(authority.certificate),
        },
    )
    daemon = run(
        pair.near,
        configuration({"t": ("198.18.1.1", ["ping"])}, PROBES, port=CLOSED, web={"config_file": str(web)}),
        name="closed",
    )

    def ask(*shown):
        shows = ["--cert", shown[0], "--key", shown[1]] if shown else []
        return curl(pair.near, "--cacert", authority.certificate, *shows, f"https://127.0.0.1:{CLOSED}/metrics")

    good = authority.issue("scraper")
    peers.wait_until(lambda: ask(*good)[0] == 200, 10, "the daemon serves", 0.2)
    assert ask()[0] == 0
    status, text = ask(*authority.issue("late", PAST))
    assert status == 0 and "expired" in text
    assert ask(*Authority(directory / "stranger").issue("scraper"))[0] == 0
    assert 'blipd_http_tls_failures_total{reason="certificate"} 3' in ask(*good)[1]
    assert not daemon.process.exit_code


def test_status_asks_with_a_password_from_a_file(pair, guarded, authority, directory):
    def status(*arguments, password=PASSWORD):
        file = directory / "password"
        file.write_text(password + "\n")
        file.chmod(0o600)
        return pair.near.run(settings.blipd(), "status", *arguments, "--password-file", file, "--user", "prometheus", check=False)

    url = ("--url", f"https://localhost:{GUARDED}")
    trusting = (*url, "--ca", authority.certificate)
    done = status(*trusting)
    assert (done.returncode, done.stderr) == (0, "") and "Testland" in done.stdout
    assert "refuses this name and password" in status(*trusting, password="wrong").stderr
    assert "not to be trusted" in status(*url).stderr
    assert "try https://" in status("--url", f"http://127.0.0.1:{GUARDED}").stderr


def test_no_secret_is_told(pair, guarded, hash_of_password):
    """After all that the tests before this one did."""
    dumped = pair.near.run(settings.blipd(), "check", "--config", guarded.config_file, "--dump").stdout
    for told in (guarded.log, dumped, guarded.scrape().text):
        assert PASSWORD not in told and hash_of_password not in told and "PRIVATE" not in told
        assert hash_of_password[7:29] not in told  # the salt


def test_a_reload_asks_for_passwords_from_then_on(pair, run, directory, hash_of_password):
    targets = {"t": ("198.18.1.1", ["ping"])}
    daemon = run(pair.near, configuration(targets, PROBES, port=CLOSED), name="opened").wait_ready()
    web = write_web_file(directory / "web.yml", basic_auth_users={"prometheus": hash_of_password})
    daemon.access = Access(user="prometheus", password=PASSWORD)
    daemon.reload(configuration(targets, PROBES, port=CLOSED, web={"config_file": str(web)}))
    daemon.access = Access()
    peers.wait_until(lambda: daemon.request("/metrics")[0] == 401, 5, "a password is needed")


def test_a_reload_can_be_asked_for_over_http_where_that_is_switched_on(pair, run):
    targets = {"t": ("198.18.1.1", ["ping"])}
    on, off = ({"web": {"reload": value}} for value in (True, False))
    daemon = run(pair.near, configuration(targets, PROBES, port=CLOSED, **on), name="reloaded").wait_ready()

    def post(*more):
        return curl(pair.near, "-X", "POST", *more, f"http://127.0.0.1:{CLOSED}/-/reload")

    daemon.write(configuration(targets | {"u": ("198.18.1.2", ["ping"])}, PROBES, port=CLOSED, **on))
    code, text = post()
    assert code == 200 and "reloaded: 2 channels" in text
    daemon.wait_for(lambda now: now.sum("blipd_probes_answered_total", target="u") > 0, 5, "the newcomer is asked")
    daemon.config_file.write_text("countries: 7\n")
    code, text = post()
    assert code == 500 and f"{daemon.config_file}:1:12" in text and "nothing was changed" in text
    daemon.wait_for(lambda now: now.value("blipd_config_last_reload_successful") == 0, 2, "the failure shows")
    for foreign in ("Origin: http://example.net", "Sec-Fetch-Site: cross-site"):
        assert post("-H", foreign)[0] == 403
    assert daemon.log.count("event=reload_failed") == 1
    daemon.write(configuration(targets, PROBES, port=CLOSED, **off))
    assert post()[0] == 200
    assert post()[0] in (403, 404)
    daemon.wait_for(lambda now: len(now.series("blipd_probes_sent_total")) == 1, 2, "the newcomer is gone")


# What clients try

PATHS = {
    "dots": b"/../../../../etc/passwd",
    "encoded dots": b"/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "encoded slashes": b"/..%2f..%2f..%2fetc%2fpasswd",
    "backslashes": b"/..\\..\\etc\\passwd",
    "twice encoded": b"/%252e%252e/etc/passwd",
    "absolute": b"http://127.0.0.1/../etc/passwd",
    "file": b"file:///etc/passwd",
    "other host": b"http://example.com:80/etc/passwd",
    "long": b"/" + b"a" * 7000,
    "longer": b"/" + b"a" * 100_000,
    "nul": b"/metrics\0.txt",
    "encoded nul": b"/metrics%00.txt",
    "double slash": b"//metrics",
    "case": b"/METRICS",
    "encoded": b"/%6d%65trics",
    "nothing": b"",
}


@pytest.mark.parametrize("what", PATHS)
def test_path_tricks_lead_nowhere(daemon, talk, what):
    client = talk()
    with contextlib.suppress(OSError):
        client.sendall(b"GET " + PATHS[what] + b" HTTP/1.1\r\nHost: x\r\n" + authorization(daemon) + b"Connection: close\r\n\r\n")
    answer = receive(client)
    assert b"root:" not in answer
    status = answer.split(b"\r\n")[0]
    # A reset may overtake the answer when more was sent than was read.
    assert not answer or any(code in status for code in (b" 400 ", b" 404 ", b" 431 ")), status


def test_oversized_requests(daemon, talk):
    before = daemon.scrape()
    for more in (b"X: " + b"a" * 20_000 + b"\r\n\r\n", b"Content-Length: 100000\r\n" + authorization(daemon) + b"\r\n"):
        client = talk()
        with contextlib.suppress(OSError):
            client.sendall(REQUEST + more)
        answer = receive(client)
        assert not answer or b" 431 " in answer or b" 413 " in answer
    now = daemon.scrape()
    for code in ("413", "431"):
        assert now.value("blipd_http_requests_total", code=code) - before.value("blipd_http_requests_total", code=code) == 1


def test_slow_requests_are_cut_off(daemon, talk):
    before = daemon.scrape().value("blipd_http_cut_off_connections_total")
    slow = [talk() for _ in range(20)]
    end = time.monotonic() + 11
    while time.monotonic() < end:
        for client in slow:
            with contextlib.suppress(OSError):
                client.sendall(b"X")
        time.sleep(0.5)
    assert daemon.scrape().value("blipd_http_cut_off_connections_total") - before == 20
    assert receive(slow[0]).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("daemon", ["guarded"], indirect=True)
def test_slow_handshakes_are_cut_off(daemon, connect):
    before = daemon.scrape().value("blipd_http_cut_off_connections_total")
    slow = [connect() for _ in range(50)]
    for client in slow:
        client.sendall(b"\x16\x03\x01\x02\x00\x01")
    end = time.monotonic() + 11
    while time.monotonic() < end:
        for client in slow:
            with contextlib.suppress(OSError):
                client.sendall(b"\0")
        time.sleep(0.5)
    assert daemon.scrape().value("blipd_http_cut_off_connections_total") - before == 50


@pytest.mark.parametrize("daemon", ["guarded"], indirect=True)
def test_handshakes_that_are_nonsense(daemon, connect):
    before = daemon.scrape().value("blipd_http_tls_failures_total", reason="handshake")
    for _ in range(50):
        client = connect()
        client.sendall(b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff")
        receive(client)
    assert daemon.scrape().value("blipd_http_tls_failures_total", reason="handshake") - before == 50


def test_a_thousand_idle_connections(daemon, connect):
    """Who is there already is served; who comes is refused until they are gone, which takes no longer than ten seconds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        before = daemon.scrape().value("blipd_http_refused_connections_total")
        with contextlib.closing(Connection(daemon.namespace, daemon.port, 5, daemon.access.tls)) as scraper:

            def scrape():
                scraper.request("GET", "/metrics", headers=daemon.access.headers)
                answer = scraper.getresponse()
                assert answer.status == 200
                return answer.read()

            scrape()
            for _ in range(1000):
                with contextlib.suppress(OSError):
                    connect()
            for _ in range(4):
                scrape()
                time.sleep(0.5)
        assert daemon.wait_for_service().scrape().value("blipd_http_refused_connections_total") - before >= 800
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("daemon", ["guarded"], indirect=True)
def test_a_flood_of_wrong_passwords_keeps_out_nobody_who_was_in(pair, daemon, connect):
    connect()
    before = daemon.scrape()
    end = time.monotonic() + 5

    def guess(number):
        statuses = []
        with contextlib.closing(Connection(pair.near, daemon.port, 15, daemon.access.tls)) as client:
            while time.monotonic() < end:
                wrong = Access(user="prometheus", password=f"{number} {len(statuses)}").headers
                client.request("GET", "/metrics", headers=wrong)
                answer = client.getresponse()
                answer.read()
                statuses.append(answer.status)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(16) as attackers:
        guesses = [attackers.submit(guess, number) for number in range(16)]
        slowest = 0.0
        while time.monotonic() < end:
            start = time.monotonic()
            assert daemon.request("/-/healthy")[0] == 200
            slowest = max(slowest, time.monotonic() - start)
            time.sleep(0.1)
        statuses = [status for one in guesses for status in one.result()]
    assert slowest < 1, f"a scraper waited {slowest:.2f} s"
    assert set(statuses) == {401, 503}
    now = daemon.scrape()
    for name, status in (("blipd_http_auth_failures_total", 401), ("blipd_http_auth_overruns_total", 503)):
        assert now.value(name) - before.value(name) == statuses.count(status)
