import socket
import ssl
import threading
from pathlib import Path

import pytest

from kallprovider import tls


def handshake(directory: Path, files: tls.CertificateFiles, name: str) -> str:
    """The protocol that a client which trusts only the authority agrees on with the server."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.private_key)
    client = ssl.create_default_context(cafile=str(directory / "authority.crt"))
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name) as connection:
            return str(connection.version())
    finally:
        here.close()
        thread.join()


def test_a_client_that_trusts_the_authority_accepts_the_names_and_no_other(tmp_path: Path) -> None:
    files = tls.issue(tmp_path, ["phone.example"], ["127.0.0.1"])
    assert handshake(tmp_path, files, "phone.example") == "TLSv1.3"
    assert handshake(tmp_path, files, "127.0.0.1") == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, files, "elsewhere.example")


def test_another_authority_is_not_trusted(tmp_path: Path) -> None:
    files = tls.issue(tmp_path / "a", ["phone.example"])
    tls.make_authority(tmp_path / "b")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path / "b", files, "phone.example")


def test_private_keys_are_the_owners_alone(tmp_path: Path) -> None:
    files, authority = tls.issue(tmp_path, ["phone.example"]), tls.make_authority(tmp_path)
    assert files.private_key.stat().st_mode & 0o777 == 0o600
    assert authority.private_key.stat().st_mode & 0o777 == 0o600


def test_the_authority_is_kept(tmp_path: Path) -> None:
    first = tls.issue(tmp_path, ["one.example"])
    second = tls.CertificateFiles(tmp_path / "two.crt", tmp_path / "two.key")
    tls.issue(tmp_path, ["two.example"], files=second)
    assert handshake(tmp_path, first, "one.example")
