"""The examples as running sites, each with its own store, and browsers to visit them."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from processes import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"
PYTHONS = ("attributes", "django", "fastapi", "flask", "lessons/django", "lessons/flask", "shared")


@dataclass(frozen=True)
class Certificate:
    """For localhost, and of nobody's whom a browser trusts."""

    certificate: Path
    key: Path

    @classmethod
    def made_in(cls, folder: Path) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(timezone.utc)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        found = cls(folder / "certificate.pem", folder / "key.pem")
        found.certificate.write_bytes(made.public_bytes(pem))
        found.key.write_bytes(key.private_bytes(pem, form, plain))
        return found


class Site:
    """An example that runs; with ``store`` its sessions are in SQLite, else in their cookies."""

    def __init__(
        self,
        name: str,
        certificate: Certificate,
        folder: Path,
        *,
        store: bool,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.has_store, self._settings = name, store, settings or {}
        self._certificate, self._folder, self._port = certificate, folder, free_port()
        self._clock = folder / "clock"
        self._process: subprocess.Popen[bytes] | None = None
        self.set_clock(timedelta())

    @property
    def idle(self) -> timedelta:
        """How long a session lives that nobody uses, and that is not remembered."""
        # koa-session's own default.
        return timedelta(days=1 if (self.name, self.has_store) == ("koa", False) else 14)

    def url(self, path: str = "/", host: str = "localhost") -> str:
        return f"https://{host}:{self._port}{path}"

    def set_clock(self, ahead: timedelta) -> None:
        """Moves the server's clock, and not the browser's."""
        moved = self._folder / "clock.new"
        moved.write_text(f"{ahead.total_seconds():+.0f}s")
        moved.rename(self._clock)

    def __enter__(self) -> Self:
        env = os.environ | {
            "CERTIFICATE": str(self._certificate.certificate),
            # The clock of the process is what the file says, whatever asks for it.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            # A proxy has no business with it.
            "APPS_PRELOAD" if self.name == "shared" else "LD_PRELOAD": libfaketime(),
            "DATABASE": str(self._folder / "shop.sqlite3"),
            "HTTPS": "on",
            "LESSONS_FOLDER": str(self._folder),
            "KEY": str(self._certificate.key),
            "PORT": str(self._port),
            "SECRET_KEY": "a secret for browser tests only, of thirty-two bytes",
        }
        env |= self._settings
        if self.has_store:
            env["SESSION_STORE"] = f"sqlite:///{self._folder / 'sessions.sqlite3'}"
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(self._command(), env=env, stdout=log, stderr=log)
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()

    def _command(self) -> list[str]:
        if self.name in PYTHONS:
            files = [str(self._certificate.certificate), str(self._certificate.key)]
            return [sys.executable, str(HERE / "serve.py"), self.name, str(self._port), *files]
        return ["node", "--import", str(HERE / "serve.mjs"), str(EXAMPLES / self.name / "app.mjs")]

    def _wait(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for _ in range(300):
            assert self._process
            assert self._process.poll() is None, (self._folder / "log").read_text()
            try:
                with socket.create_connection(("127.0.0.1", self._port), 1) as connection:
                    context.wrap_socket(connection, server_hostname="localhost").close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the example does not answer")


def libfaketime() -> str:
    """Debian's package of this name has it."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise missing("libfaketime")
    return str(found[0])


def missing(what: str) -> Exception:
    return RuntimeError(f"{what} is not there: apt-get install --no-install-recommends {what}")
