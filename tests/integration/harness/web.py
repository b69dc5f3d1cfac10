"""What guards the served side, made by the programs that operators make it with: openssl's certificates, htpasswd's
hashes. And curl, to ask as they do."""

import base64
import dataclasses
import pathlib
import ssl
import subprocess

import yaml

from . import settings
from .network import Namespace

PAST = ("20200101000000Z", "20200201000000Z")
NOW = ("20200101000000Z", "20991231235959Z")


def _run(*command, stdin: str = "") -> str:
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


class Authority:
    """A certificate authority in a directory of its own."""

    def __init__(self, directory: pathlib.Path):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.certificate = directory / "ca.pem"
        (directory / "index").write_text("")
        (directory / "index.attr").write_text("unique_subject = no\n")
        (directory / "serial").write_text("01\n")
        self._config = directory / "ca.cnf"
        self._config.write_text(
            f"[ca]\ndefault_ca = own\n[own]\ndatabase = {directory}/index\nserial = {directory}/serial\n"
            f"new_certs_dir = {directory}\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
            "[leaf]\nbasicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n"
        )
        _run(
            *(settings.peer("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", directory / "ca.key", "-out", self.certificate, "-days", "30", "-subj", f"/CN={directory.name}"),
        )

    def issue(self, name: str, valid=NOW, names: str = "") -> tuple[pathlib.Path, pathlib.Path]:
        """The paths of a certificate and its key. `names`: subjectAltName, in place of this machine's own."""
        certificate, key, wish, more = (self.directory / f"{name}.{end}" for end in ("pem", "key", "csr", "cnf"))
        more.write_text(f"[leaf]\nbasicConstraints = CA:FALSE\nsubjectAltName = {names}\n")
        _run(
            *(settings.peer("openssl"), "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", key, "-out", wish, "-subj", f"/CN={name}"),
        )
        _run(
            *(settings.peer("openssl"), "ca", "-batch", "-notext", "-config", self._config, "-extensions", "leaf"),
            *("-cert", self.certificate, "-keyfile", self.directory / "ca.key", "-in", wish, "-out", certificate),
            *("-startdate", valid[0], "-enddate", valid[1]),
            *(("-extfile", more) if names else ()),
        )
        key.chmod(0o600)
        return certificate, key


def bcrypt(password: str, cost: int = 10) -> str:
    return _run(settings.peer("htpasswd"), "-niBC", cost, "name", stdin=password).strip().partition(":")[2]


@dataclasses.dataclass
class Access:
    """How to ask a daemon that is guarded."""

    authority: pathlib.Path | None = None
    user: str = ""
    password: str = ""

    @property
    def tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=str(self.authority)) if self.authority else None

    @property
    def headers(self) -> dict[str, str]:
        if not self.user:
            return {}
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


def write_web_file(path: pathlib.Path, **keys) -> pathlib.Path:
    path.write_text(yaml.safe_dump(keys, width=200))
    path.chmod(0o600)
    return path


def curl(namespace: Namespace, *arguments) -> tuple[int, str]:
    """The status, or 0 when there was no answer; and the head and body, or what curl says."""
    done = namespace.run(
        settings.peer("curl"), "-sS", "-i", "--max-time", "10", "-w", "\n%{http_code}", *arguments, check=False
    )
    text, _, status = done.stdout.rpartition("\n")
    return int(status or 0), text if status not in ("", "000") else done.stderr
