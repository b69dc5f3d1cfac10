"""Asks a small HTTP server the same questions over and over, on connections that stay open: what drives an exporter that
probes when it is asked. One thread; each connection has one request under way."""

import selectors
import time

from harness.network import Namespace


def drive(namespace: Namespace, port: int, paths: list[str], *, connections: int, rate: float, seconds: float) -> dict:
    """At most `rate` requests a second for so long: how many were answered, and of those how many contain a success."""
    requests = [f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for path in paths]
    selector = selectors.DefaultSelector()
    idle, buffers = [], {}
    for _ in range(connections):
        connection = namespace.connect("127.0.0.1", port)
        connection.setblocking(False)
        buffers[connection] = b""
        idle.append(connection)
        selector.register(connection, selectors.EVENT_READ)
    asked = answered = succeeded = 0
    began = time.monotonic()
    try:
        while (passed := time.monotonic() - began) < seconds:
            while idle and asked < passed * rate:
                idle.pop().sendall(requests[asked % len(requests)])
                asked += 1
            for key, _ in selector.select(0.002):
                connection = key.fileobj
                piece = connection.recv(1 << 16)
                if not piece:
                    raise AssertionError("the server has closed a connection")
                buffers[connection] += piece
                if not _is_whole(buffers[connection]):
                    continue
                answered += 1
                succeeded += b"\nprobe_success 1" in buffers[connection]
                buffers[connection] = b""
                idle.append(connection)
        passed = time.monotonic() - began
    finally:
        for connection in buffers:
            connection.close()
        selector.close()
    return {"answered": answered, "succeeded": succeeded, "rate": answered / passed}


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
        if name.lower() == b"transfer-encoding":
            return body.endswith(b"0\r\n\r\n")
    raise AssertionError(f"an answer without a length: {head[:200]!r}")
