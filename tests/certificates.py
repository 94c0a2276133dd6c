"""Certificates for tests of TLS."""

from __future__ import annotations

import datetime
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates; what it has signed is trusted by who trusts its ``pem``."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.pem, _ = self._issue(self._name, self._key, is_authority=True)

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """Return a certificate for a host or user, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._issue(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, host=name
        )

    def _issue(
        self, subject: x509.Name, key: Any, *, host: str = "", is_authority: bool = False
    ) -> tuple[bytes, bytes]:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), True)
        )
        if host:
            names: list[x509.GeneralName] = [x509.DNSName(host)]
            names += [x509.IPAddress(ip_address("127.0.0.1"))] if host == "localhost" else []
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        certificate = builder.sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return certificate.public_bytes(serialization.Encoding.PEM), private
