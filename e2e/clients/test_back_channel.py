"""A server that a home's own certificate authority vouches for is told of a sign-out, and checks what it is told."""

import base64
import datetime
import hashlib
import queue
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import house as programs
from browser import Browser

CALLBACK = "http://localhost:9/told"
SECRET = "told-0123456789-abcdefghijklmnopqrstuvwxyz"
VERIFIER = "v" * 43
EVENT = "http://schemas.openid.net/event/backchannel-logout"
CONFIGURATION = """
[outbound]
ca_file = "home-ca.pem"

[[clients]]
id = "told"
secret_file = "told.secret"
redirect_uris = ["{callback}"]
backchannel_logout_uri = "https://localhost:{port}/told"
"""


def certificate(name, issuer=None):
    """A certificate and its key; signed by `issuer`, or by itself as an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, signing_key = issuer or (None, key)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return builder.sign(signing_key, hashes.SHA256()), key


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Told(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.told.put((self.path, self.headers["Content-Type"], body))
        self.send_response(200)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The server, with the certificate of its authority."""
    folder = tmp_path_factory.mktemp("tls")
    authority = certificate("A home")
    own, key = certificate("localhost", authority)
    (folder / "own.pem").write_bytes(pem(own))
    (folder / "own.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own.pem", folder / "own.key")
    started = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    started.socket = context.wrap_socket(started.socket, server_side=True)
    started.told, started.authority = queue.Queue(), pem(authority[0])
    threading.Thread(target=started.serve_forever, daemon=True).start()
    yield started
    started.shutdown()


@pytest.fixture(scope="module")
def house(tmp_path_factory, server):
    def prepare(file):
        file.with_name("home-ca.pem").write_bytes(server.authority)
        secret = file.with_name("told.secret")
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        text = CONFIGURATION.format(callback=CALLBACK, port=server.server_port)
        file.write_text(file.read_text() + text)

    with programs.provider(tmp_path_factory.mktemp("house"), prepare) as started:
        yield started


def redeemed(house, browser):
    """What the client is given for somebody who signs in."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    asked = {"response_type": "code", "client_id": "told", "redirect_uri": CALLBACK, "scope": "openid"}
    asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    landing = browser.sign_in(f"{house.issuer}/authorize?{urlencode(asked)}", "friend")
    (code,) = parse_qs(urlsplit(landing.url).query)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answer = programs.plain_session().post(
        f"{house.issuer}/token", data=form | {"code_verifier": VERIFIER}, auth=("told", SECRET), timeout=10
    )
    answer.raise_for_status()
    return answer.json()


def test_is_told_over_tls_of_its_own_authority(house, server):
    browser = Browser(house.plex, elsewhere=(CALLBACK,))
    tokens = redeemed(house, browser)
    keys = programs.plain_session().get(house.metadata()["jwks_uri"], timeout=10).json()
    page = browser.submit(browser.open(f"{house.issuer}/sign-out"), "/sign-out")
    assert page.heading == "You are signed out"

    path, kind, body = server.told.get(timeout=10)
    assert (path, kind) == ("/told", "application/x-www-form-urlencoded")
    (token,) = parse_qs(body)["logout_token"]
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("logout+jwt", "RS256")
    key = jwt.PyJWKSet.from_dict(keys)[header["kid"]]
    claims = jwt.decode(token, key, ["RS256"], audience="told", issuer=house.issuer)
    signed_in = jwt.decode(tokens["id_token"], key, ["RS256"], audience="told", issuer=house.issuer)
    assert claims["sid"] == signed_in["sid"] and claims["sub"] == signed_in["sub"]
    assert claims["events"] == {EVENT: {}} and "nonce" not in claims and claims["jti"]
    assert server.told.empty()
