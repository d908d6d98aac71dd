"""Apache with mod_auth_openidc from Debian, as its own instance in a folder, and the application that it protects."""

import contextlib
import json
import os
import pwd
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from house import running, wait_until_open

MODULES = "/usr/lib/apache2/modules"
LOADED = (
    "mpm_event authn_core authz_core authz_user headers proxy proxy_http socache_shmcb auth_openidc".split()
)

CONFIGURATION = """\
ServerName localhost
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:info
Listen 127.0.0.1:{port}
{identity}
{modules}
StartServers 1
MaxRequestWorkers 25
ThreadsPerChild 25
TraceEnable off

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI {redirect_uri}
OIDCCryptoPassphrase {passphrase}
OIDCScope "openid profile email groups offline_access"
OIDCResponseType code
OIDCPKCEMethod S256
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCIDTokenIatSlack 60
OIDCRemoteUserClaim sub
OIDCRefreshAccessTokenBeforeExpiry 60 logout_on_error
OIDCInfoHook iat access_token access_token_expires id_token userinfo refresh_token session
OIDCCookieSameSite On
OIDCSessionType server-cache
OIDCPassRefreshToken On
OIDCPassIDTokenAs claims serialized

ProxyPass /secure/callback !
ProxyPass / http://127.0.0.1:{application_port}/
RequestHeader set X-Remote-User "expr=%{{REMOTE_USER}}"
<Location /secure>
    AuthType openid-connect
    Require valid-user
</Location>
<Location /secure/family>
    AuthType openid-connect
    Require claim groups:plex-home
    Require claim groups:plex-owner
</Location>
"""


class Application(ThreadingHTTPServer):
    """The application behind Apache: shows the headers that it got, and remembers what it was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Echo)
        self.asked = []


class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Apache:
    """The instance. Use it with `with`."""

    def __init__(self, folder, port, house):
        self.folder = folder
        self.port = port
        self.house = house
        self.url = f"http://localhost:{port}"
        self.callback = self.redirect_uri(port)
        self.secret_page = f"{self.url}/secure/page"
        self.application = Application()
        self._stack = contextlib.ExitStack()

    @staticmethod
    def redirect_uri(port):
        return f"http://localhost:{port}/secure/callback"

    def configuration(self):
        identity = ""
        if os.geteuid() == 0:
            # Apache's children refuse to run as root.
            nobody = pwd.getpwnam("www-data")
            identity = f"User #{nobody.pw_uid}\nGroup #{nobody.pw_gid}"
        return CONFIGURATION.format(
            folder=self.folder,
            port=self.port,
            identity=identity,
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED),
            issuer=self.house.issuer,
            client_id=self.house.client_id,
            client_secret=self.house.client_secret,
            redirect_uri=self.callback,
            passphrase=secrets.token_urlsafe(32),
            application_port=self.application.server_address[1],
        )

    def __enter__(self):
        file = self.folder / "apache.conf"
        file.touch(mode=0o600)
        file.write_text(self.configuration())
        threading.Thread(target=self.application.serve_forever, daemon=True).start()
        self._stack.callback(self.application.server_close)
        self._stack.callback(self.application.shutdown)
        command = ["/usr/sbin/apache2", "-f", file, "-D", "FOREGROUND"]
        log = self.folder / "output.log"
        process = self._stack.enter_context(running(command, log))
        try:
            wait_until_open(self.port, process, log)
        except RuntimeError:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def errors(self):
        """What Apache wrote to its log."""
        return (self.folder / "error.log").read_text()

    def asked(self):
        """What the application was asked for since the last call."""
        asked, self.application.asked = self.application.asked, []
        return asked
