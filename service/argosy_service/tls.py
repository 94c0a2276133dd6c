"""The certificate that both ports show, where a service speaks TLS."""

from __future__ import annotations

import ssl
from typing import Final

import grpc

from argosy_schemas.errors import MachineError
from argosy_service.settings import TlsFiles

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, in OpenSSL's words; TLS 1.3 has its own, and older versions are refused."""


def check_tls_files(files: TlsFiles) -> None:
    """Read a certificate and its key.

    Raises:
        MachineError: One cannot be read, or they do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(files.certificate, files.key, password="")
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise MachineError(
            f"the certificate '{files.certificate}' and the key '{files.key}' cannot be used: "
            f"{reason or error}; give --tls-certificate and --tls-key two PEM files that belong "
            "together, the key not encrypted"
        ) from error


def load_grpc_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Return what the port of gRPC shows."""
    return grpc.ssl_server_credentials([(files.key.read_bytes(), files.certificate.read_bytes())])
