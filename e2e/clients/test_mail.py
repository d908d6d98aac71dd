"""Mail goes to a server that others wrote (aiosmtpd), over TLS that is verified, or not at all."""

import contextlib
import datetime
import ipaddress
import ssl
import subprocess

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import house

PASSWORD = "a-password-with-ümlauts"
CONFIGURATION = """\
public_url = "https://auth.example.com"
[plex]
server = "0123456789abcdef0123456789abcdef01234567"
owner_id = 1
[outbound]
{authority}
[mail]
server = "localhost"
port = {port}
security = "{security}"
username = "robot"
password_file = "mail.password"
from = "plex-oidc@example.com"
to = ["host@example.com"]
"""


class Mailbox:
    """Keeps what it is given."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope)
        return "250 taken"


def authority():
    """A certificate authority, and a certificate of it for this machine."""
    now = datetime.datetime.now(datetime.UTC)

    def certificate(name, key, issuer, issuer_key, is_authority):
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if not is_authority:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return built.sign(issuer_key, hashes.SHA256())

    top_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    top = certificate("An authority of this test", top_key, None, top_key, True)
    return top, certificate("localhost", key, top.subject, top_key, False), key


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """The authority as a file, and what a server needs."""
    folder = tmp_path_factory.mktemp("tls")
    top, certificate, key = authority()
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(top.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(certificate.public_bytes(pem) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "authority.pem", context


def check_password(server, session, envelope, mechanism, data):
    is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"robot", PASSWORD.encode())
    # Not handled: the server then says 535 by itself.
    return AuthResult(success=is_right, handled=False)


@contextlib.contextmanager
def mail_server(**settings):
    mailbox = Mailbox()
    settings = {"authenticator": check_password, "auth_required": True} | settings
    controller = Controller(mailbox, hostname="localhost", port=house.free_port(), **settings)
    controller.start()
    try:
        yield controller.port, mailbox
    finally:
        controller.stop()


def mail_test(folder, port, security, authority=None, password=PASSWORD):
    named = f'ca_file = "{authority}"' if authority else ""
    (folder / "plex-oidc.toml").write_text(CONFIGURATION.format(port=port, security=security, authority=named))
    (folder / "mail.password").write_text(password)
    (folder / "mail.password").chmod(0o600)
    command = [house.PROGRAMS / "plex-oidc", "--config", folder / "plex-oidc.toml", "mail", "test"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert PASSWORD not in ran.stdout + ran.stderr
    return ran


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_mail_arrives_over_tls_that_our_authority_vouches_for(tmp_path, tls, security):
    authority, context = tls
    ways = {"tls": {"ssl_context": context, "auth_require_tls": False}, "starttls": {"tls_context": context}}
    with mail_server(**ways[security]) as (port, mailbox):
        ran = mail_test(tmp_path, port, security, authority)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "localhost has taken a mail to host@example.com.\n"
    [mail] = mailbox.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("plex-oidc@example.com", ["host@example.com"])
    assert b"Mail from plex-oidc at https://auth.example.com reaches you." in mail.content
    assert b"Auto-Submitted: auto-generated" in mail.content


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_nobody_we_know_is_refused_before_anything_is_said(tmp_path, tls, security):
    _, context = tls
    ways = {"tls": {"ssl_context": context, "auth_require_tls": False}, "starttls": {"tls_context": context}}
    with mail_server(**ways[security]) as (port, mailbox):
        ran = mail_test(tmp_path, port, security)
    assert ran.returncode == 1 and not mailbox.mails
    assert "certificate is not believed" in ran.stderr and "outbound.ca_file" in ran.stderr, ran.stderr


def test_a_server_that_does_not_encrypt_is_told_no_password(tmp_path, tls):
    authority, _ = tls
    with mail_server(auth_require_tls=False) as (port, mailbox):
        ran = mail_test(tmp_path, port, "starttls", authority)
    assert ran.returncode == 1 and not mailbox.mails
    assert "STARTTLS" in ran.stderr and "mail.security" in ran.stderr, ran.stderr


def test_a_wrong_password_is_said_and_nothing_is_sent(tmp_path, tls):
    authority, context = tls
    with mail_server(tls_context=context) as (port, mailbox):
        ran = mail_test(tmp_path, port, "starttls", authority, "another-password")
    assert ran.returncode == 1 and not mailbox.mails
    assert "535" in ran.stderr and "mail.username" in ran.stderr, ran.stderr
    assert "another-password" not in ran.stderr


def test_nobody_there_is_said_with_the_address(tmp_path):
    port = house.free_port()
    ran = mail_test(tmp_path, port, "tls")
    assert ran.returncode == 1
    assert f"No mail to host@example.com was sent by localhost:{port}: there is no good connection" in ran.stderr, ran.stderr
