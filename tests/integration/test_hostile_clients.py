"""Slow, broken and hostile HTTP clients cannot hold up probing, nor lock others out once they are gone."""

import contextlib
import socket
import time

import pytest
from harness.daemon import PORT, configuration
from harness.undisturbed import undisturbed

TARGETS = {f"t{i}": (f"198.18.{i // 50}.{1 + i % 50}", ["ping"]) for i in range(1000)}
PROBES = {"ping": {"type": "icmp", "interval": "1s", "timeout": "900ms"}}


@pytest.fixture(scope="module")
def daemon(pair, run_for_module):
    return run_for_module(pair.near, configuration(TARGETS, PROBES)).wait_ready()


@pytest.fixture
def clients(pair, daemon):
    """connect(): a client; all of them are gone at the end, when probing must have gone on as if nothing were."""
    with undisturbed(daemon, len(TARGETS)), contextlib.ExitStack() as stack:

        def connect(**options) -> socket.socket:
            with pair.near.entered():
                client = stack.enter_context(socket.socket())
            for name, value in options.items():
                client.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
            client.settimeout(5)
            client.connect(("127.0.0.1", PORT))
            return client

        yield connect


def send_what_fits(client, data):
    """A server may hang up at any time; that is its right."""
    with contextlib.suppress(OSError):
        client.sendall(data)


def test_hundreds_of_idle_connections(clients):
    for _ in range(400):
        with contextlib.suppress(OSError):
            clients()
    time.sleep(2)


def test_requests_that_come_a_byte_at_a_time(clients):
    slow = []
    for _ in range(100):
        with contextlib.suppress(OSError):
            slow.append(clients())
    for byte in b"GET /metrics HTTP/1.1\r\nX: ":
        for client in slow:
            send_what_fits(client, bytes([byte]))
        time.sleep(0.1)


def test_readers_that_never_read(clients):
    for _ in range(40):
        send_what_fits(clients(SO_RCVBUF=4096), b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    time.sleep(3)


def test_readers_that_hang_up_in_the_middle(clients):
    for _ in range(100):
        client = clients(SO_RCVBUF=4096)
        send_what_fits(client, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        client.close()


def test_a_scrape_storm(clients):
    """A dozen clients that ask for everything all the time: they get it, or are told to wait; probing comes first."""
    end, answers = time.monotonic() + 3, 0
    storm = [clients() for _ in range(12)]
    while time.monotonic() < end:
        for client in storm:
            send_what_fits(client, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        for client in storm:
            with contextlib.suppress(OSError):
                answers += len(client.recv(1 << 20)) > 0
    assert answers > 12


BROKEN = {
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, b" 400 "),
    "nothing": (b"\r\n\r\n\r\n\0\0\0\r\n\r\n", b" 400 "),
    "header": (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b" 431 "),
    "target": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", None),
    "path": (b"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b" 404 "),
    "method": (b"DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b" 405 "),
    "length": (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", None),
    "chunk": (b"POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", None),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_and_oversize_requests_are_refused(clients, what):
    sent, status = BROKEN[what]
    client = clients()
    send_what_fits(client, sent)
    answer = b""
    with contextlib.suppress(OSError):
        while len(answer) < 4096:
            piece = client.recv(4096)
            if not piece:
                break
            answer += piece
    assert b"root:" not in answer and b" 200 " not in answer.split(b"\r\n")[0]
    # A reset may overtake the answer when more was sent than was read.
    if status is not None and answer:
        assert status in answer.split(b"\r\n")[0]
