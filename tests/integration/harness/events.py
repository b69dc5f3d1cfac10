"""A listener to /api/v1/events, on a thread of its own: takes the stream apart as a browser does."""

import contextlib
import dataclasses
import http.client
import json
import socket
import threading
import time

from .daemon import Connection, Daemon
from .processes import wait_until

SILENCE = 15  # seconds: a comment comes at least so often


@dataclasses.dataclass
class Told:
    at: float  # time.monotonic() when it came
    kind: str  # "" of a comment
    data: dict


class Stream:
    def __init__(self, daemon: Daemon):
        self.told: list[Told] = []
        self.retry = None
        self.ended: float | None = None  # time.monotonic()
        self.failure: Exception | None = None
        connection = Connection(daemon.namespace, daemon.port, SILENCE + 5, daemon.access.tls)
        connection.request("GET", "/api/v1/events", headers=daemon.access.headers)
        self._socket = connection.sock  # which the connection lets go of, since this is its last answer
        self._answer = connection.getresponse()
        self.status = self._answer.status
        self.headers = self._answer.headers
        self._thread = threading.Thread(target=self._run, daemon=True)
        if self.status == 200:
            self._thread.start()

    def _run(self) -> None:
        try:
            self._read()
        except (OSError, http.client.HTTPException) as failure:
            self.failure = failure
        finally:
            self.ended = time.monotonic()

    def _read(self) -> None:
        kind = ""
        while line := self._answer.readline():
            field, _, value = line.decode().rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                kind = value
            elif field == "data":
                self.told.append(Told(time.monotonic(), kind, json.loads(value)))
            elif field == "retry":
                self.retry = int(value)
            elif line == b":\n":
                self.told.append(Told(time.monotonic(), "", {}))
            else:
                assert line == b"\n", line

    def of(self, kind: str) -> list[Told]:
        return [told for told in list(self.told) if told.kind == kind]

    def wait_for(self, kind: str, claim, timeout: float, what: str) -> Told:
        """The first of its kind of which the claim is true."""

        def it():
            assert self.ended is None, f"the stream has ended: {self.failure!r}"
            return next((told for told in self.of(kind) if claim(told.data)), None)

        return wait_until(it, timeout, what, 0.05)

    def close(self) -> None:
        """Hangs up."""
        # Wakes the reader, where closing would wait for it; as of a plain socket, since over TLS it would say goodbye first.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(5)
        self._answer.close()
        self._socket.close()
