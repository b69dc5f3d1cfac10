"""Speaks to the hosts of scenarios/plain.yaml through the kernel's own sockets; prints what it heard as JSON."""

import errno
import json
import socket
import struct

TYPES = {"A": 1, "SOA": 6}


def query(name, record):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.strip(".").split("."))
    edns = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 4) + struct.pack(">HH", 3, 0)  # asks for NSID (RFC 5001)
    return struct.pack(">HHHHHH", 0x1234, 0, 1, 0, 0, 1) + labels + b"\0" + struct.pack(">HH", TYPES[record], 1) + edns


def facts(message):
    identifier, flags, _, answers, _, _ = struct.unpack(">HHHHHH", message[:12])
    # NSID is the last thing in the OPT record, which is the last one.
    nsid = message[message.rindex(struct.pack(">HH", 3, 6)) + 4:] if struct.pack(">HH", 3, 6) in message else b""
    return {"id_kept": identifier == 0x1234, "rcode": flags & 15, "answers": answers, "aa": bool(flags & 0x400),
            "nsid": nsid.decode()}


def ask_udp(name, record):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.sendto(query(name, record), ("198.18.1.15", 53))
        return facts(s.recv(2000))


def ask_tcp(name, record):
    with socket.create_connection(("198.18.1.15", 53), 10) as s:
        message = query(name, record)
        s.sendall(struct.pack(">H", len(message)) + message)
        heard = s.recv(2000)
        assert struct.unpack(">H", heard[:2])[0] == len(heard) - 2
        return facts(heard[2:])


def connect(host, port, timeout=10.0):
    try:
        socket.create_connection((host, port), timeout).close()
        return "connected"
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return errno.errorcode[error.errno]


def get():
    with socket.create_connection(("198.18.1.15", 80), 10) as s:
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return s.recv(100).decode()


def udp_error(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect((host, port))
        s.send(b"?")
        try:
            return s.recv(100).decode()
        except OSError as error:
            return errno.errorcode[error.errno]


print(json.dumps({
    "soa": ask_udp("lab.", "SOA"),
    "missing": ask_udp("nowhere.lab.", "A"),
    "outside": ask_udp("example.org.", "A"),
    "soa_over_tcp": ask_tcp("lab.", "SOA"),
    "http": get(),
    "open": connect("198.18.1.15", 80),
    "open_v6": connect("2001:2:0:1::15", 80),
    "closed": connect("198.18.1.15", 81),
    "filtered": connect("198.18.1.17", 80, 0.5),
    "no_port": udp_error("198.18.1.15", 99),
    "unreachable": connect("198.18.1.18", 80),
}))
