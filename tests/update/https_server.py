"""A web server with a certificate of a CA made here; it can break off, ignore ranges, be not yet valid."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass
class Site:
    """What is served from `folder`. `breaks`: bytes after which each of the next answers breaks off.

    `lies` are used up before: each answers one request for a file by what it does to the handler.
    """

    folder: Path
    url: str = ""
    ca_file: Path = Path()
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    answer: int = 0
    lies: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)


@contextmanager
def serving(folder: Path, certs: Path, *, valid_from: datetime.timedelta = -DAY) -> Iterator[Site]:
    certs.mkdir()
    site = Site(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    server.socket = _context(certs, valid_from).wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    site.url, site.ca_file = f"https://127.0.0.1:{server.server_port}", certs / "ca.pem"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            site.asked.append((self.path, wanted))
            self.close_connection = True
            if site.lies:
                site.lies.pop(0)(self)
                return
            path = site.folder / self.path.lstrip("/")
            if site.answer or not path.is_file():
                self.send_response(site.answer or 404)
                self.send_header("Location", "https://elsewhere.example/")
                self.end_headers()
                return
            content, start = path.read_bytes(), 0
            if wanted and site.ranges:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            part = content[start:]
            self.wfile.write(part[: site.breaks.pop(0)] if site.breaks else part)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _context(certs: Path, valid_from: datetime.timedelta) -> ssl.SSLContext:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
    now = datetime.datetime.now(datetime.UTC)
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    ca = (
        x509.CertificateBuilder()
        .subject_name(ca_name)
        .issuer_name(ca_name)
        .public_key(ca_key.public_key())
        .serial_number(1)
        .not_valid_before(now - DAY)
        .not_valid_after(now + 3 * DAY)
        .add_extension(constraints, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ca_name)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(now + valid_from)
        .not_valid_after(now + 3 * DAY)
        .add_extension(address, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (certs / "ca.pem").write_bytes(ca.public_bytes(pem))
    (certs / "server.pem").write_bytes(certificate.public_bytes(pem) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "server.pem")
    return context
