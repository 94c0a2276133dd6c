"""The identities that clouds give to pods: which token is asked for where, and that it signs.

Stand-ins of the token services answer; what the services themselves say is not tested here.
"""

from __future__ import annotations

import json
import os
import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from argosy_schemas.errors import StoreError
from argosy_store.stores import open_store

_PREFIXES = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "SSL_CERT_")
_STS = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
_POD_IDENTITY = {
    "AccessKeyId": "ASIAPOD",
    "SecretAccessKey": "s",
    "Token": "t",
    "Expiration": "2099-01-01T00:00:00Z",
}
_BEARER = {"access_token": "of-the-cloud", "expires_in": 3600, "token_type": "Bearer"}


class Cloud(ThreadingHTTPServer):
    """The token services of three clouds, and an empty bucket in each."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token_requests: list[str] = []
        self.signatures: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        assert isinstance(self.server, Cloud)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked = f"{self.path} {body} {self.headers.get('Authorization', '')}"
        answers = {
            "AssumeRoleWithWebIdentity": _STS,
            "/v1/credentials": json.dumps(_POD_IDENTITY),
            "/token": json.dumps(_BEARER),
        }
        found = next((text for part, text in answers.items() if part in asked), None)
        if found is None:
            self.server.signatures.append(self.headers.get("Authorization", ""))
        else:
            self.server.token_requests.append(asked)
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Length", str(len(found or "")))
        self.end_headers()
        self.wfile.write((found or "").encode())

    do_HEAD = do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def served(cloud: Cloud) -> Generator[Cloud]:
    with cloud:
        thread = threading.Thread(target=cloud.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield cloud
        finally:
            cloud.shutdown()
            thread.join()


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with served(Cloud()) as running:
        yield running


@pytest.fixture
def secure_cloud(tmp_path: Path) -> Iterator[Cloud]:
    """With a certificate that only the bundle ``ca.crt`` vouches for, as its second."""
    running = Cloud()
    others, own = _make_certificate(), _make_certificate()
    (tmp_path / "ca.crt").write_bytes(others[0] + own[0])
    (tmp_path / "server.pem").write_bytes(own[0] + own[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    running.socket = context.wrap_socket(running.socket, server_side=True)
    with served(running):
        yield running


def _make_certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture(autouse=True)
def _token_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("projected-token")


def test_irsa_exchanges_the_projected_token_for_the_credentials_of_the_role(
    secure_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/argosy")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"https://{secure_cloud.host}")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.crt"))

    assert not open_store(f"s3://b?endpoint=https://{secure_cloud.host}").exists("k")

    (asked,) = secure_cloud.token_requests
    assert "projected-token" in asked
    assert "role%2Fargosy" in asked
    (signature,) = secure_cloud.signatures
    assert "Credential=ASIAROLE/" in signature


def test_pod_identity_asks_the_agent_with_the_projected_token(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    agent = f"http://{cloud.host}/v1/credentials"
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))

    assert not open_store(f"s3://b?endpoint=http://{cloud.host}").exists("k")

    (asked,) = cloud.token_requests
    assert asked.endswith("projected-token")
    (signature,) = cloud.signatures
    assert "Credential=ASIAPOD/" in signature


def test_workload_identity_of_gke_asks_the_metadata_server(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", cloud.host)

    assert not open_store(f"gs://b?endpoint=http://{cloud.host}").exists("k")

    (asked,) = cloud.token_requests
    assert asked.startswith("/computeMetadata/v1/instance/service-accounts/default/token")
    assert cloud.signatures == ["Bearer of-the-cloud"]


def test_workload_identity_of_azure_exchanges_the_projected_token(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"http://{cloud.host}/")

    assert not open_store(f"az://b?account=a&endpoint=http://{cloud.host}").exists("k")

    (asked,) = cloud.token_requests
    assert asked.startswith("/tenant/oauth2/v2.0/token ")
    assert "client_assertion=projected-token" in asked
    assert cloud.signatures == ["Bearer of-the-cloud"]


def test_a_server_without_tls_is_told_as_that(cloud: Cloud) -> None:
    with pytest.raises(StoreError, match="it does not speak TLS, see disableSSL"):
        open_store(f"s3://b?endpoint=https://{cloud.host}&anonymous=true").exists("k")


@pytest.mark.parametrize("url", ["s3://b?", "gs://b?", "az://b?account=a&"])
def test_a_server_is_trusted_by_the_certificates_of_the_bundle_whatever_the_cloud(
    url: str, secure_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = f"{url}endpoint=https://{secure_cloud.host}&anonymous=true"

    with pytest.raises(StoreError, match="its certificate is not trusted, see AWS_CA_BUNDLE"):
        open_store(store).exists("k")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.crt"))

    assert not open_store(store).exists("k")
