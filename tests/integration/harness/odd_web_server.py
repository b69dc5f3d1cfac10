"""A web server that misbehaves in one way on each port, for whoever connects. Runs by itself inside a namespace:

    odd_web_server.py FIRST_PORT

Ports follow each other in the order of WAYS.
"""

import selectors
import socket
import struct
import sys
import threading
import time

WAYS = ("slow", "reset_in_body", "silent", "closes_early", "reset_before_answer", "banner", "silent_in_body", "forever")
BODY, SENT = 8192, 1024
SLOW = 0.4  # seconds to the first byte


def _head(length: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def serve(client: socket.socket, way: str) -> None:
    client.settimeout(10)
    try:
        client.recv(65536)
        if way == "slow":
            time.sleep(SLOW)
            client.sendall(_head(5) + b"hello")
        elif way == "reset_in_body":
            client.sendall(_head(BODY) + b"x" * SENT)
            time.sleep(0.05)
            _reset(client)
        elif way == "closes_early":
            client.sendall(_head(BODY) + b"x" * SENT)
        elif way == "reset_before_answer":
            _reset(client)
        elif way == "banner":
            client.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        elif way == "silent_in_body":
            client.sendall(_head(BODY) + b"x" * SENT)
            client.recv(1)
        elif way == "silent":
            client.recv(1)
        elif way == "forever":
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(4096):  # 16 MiB: far beyond what anybody reads
                client.sendall(b"x" * 4096)
    except OSError:
        pass
    finally:
        client.close()


def main() -> None:
    chosen = selectors.DefaultSelector()
    for number, way in enumerate(WAYS):
        listening = socket.create_server(("::", int(sys.argv[1]) + number), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
        chosen.register(listening, selectors.EVENT_READ, way)
    print("listening", flush=True)
    while True:
        for key, _ in chosen.select():
            client, _ = key.fileobj.accept()
            threading.Thread(target=serve, args=(client, key.data), daemon=True).start()


if __name__ == "__main__":
    main()
