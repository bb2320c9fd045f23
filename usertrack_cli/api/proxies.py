"""Configurations of the TLS proxy that stands before serve, written from the settings in force."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from usertrack_cli.errors import UsageError
from usertrack_cli.settings import Settings

DEFAULT_PORTS = {"https": 443, "http": 80}
INSIDE = ("/metrics", "/healthz")
"""Paths for monitoring on the machine itself; a proxy has no business with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """What browsers know of the server.

    Attributes:
        port: That browsers connect to.
        prefix: Path before all of ours, without a slash at its end; often empty.
        certificate: File with the certificate chain, empty for where Let's Encrypt's client puts it.
        key: File with its private key.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    certificate: str
    key: str

    @property
    def is_tls(self) -> bool:
        """Whether browsers speak TLS to the proxy."""
        return self.scheme == "https"

    @property
    def site(self) -> str:
        """Scheme, host and, where it is not the usual one, port."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


def public_of(settings: Settings, *, certificate: str = "", key: str = "") -> Public:
    """Return what ``public_url`` says.

    Raises:
        UsageError: It is not set, or only one of the two files is named.
    """
    if not settings.public_url:
        raise UsageError(
            "public_url is not set, so there is no name to proxy for",
            hint='set it in usertrack.toml, for example public_url = "https://stats.example"',
        )
    if bool(certificate) != bool(key):
        raise UsageError("--certificate and --key belong together")
    for file in (certificate, key):
        if any(letter in file for letter in " \t\r\n;{}\"'\\"):
            raise UsageError(f"a path with blanks, quotes or brackets cannot be written down: {file}")
    parts = urlsplit(settings.public_url)
    host = parts.hostname or ""
    return Public(
        scheme=parts.scheme,
        host=f"[{host}]" if ":" in host else host,
        port=parts.port or DEFAULT_PORTS[parts.scheme],
        prefix=parts.path,
        certificate=certificate,
        key=key,
    )


def upstream(settings: Settings) -> str:
    """Return host and port that the proxy reaches serve at."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 compared only
    return f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"


def nginx(settings: Settings, public: Public) -> str:
    """Return a file for ``conf.d``."""
    folder = f"/etc/letsencrypt/live/{public.host}"
    tls = f"""
    ssl_certificate {public.certificate or f"{folder}/fullchain.pem"};
    ssl_certificate_key {public.key or f"{folder}/privkey.pem"};
    ssl_protocols TLSv1.2 TLSv1.3;
"""
    ssl = " ssl" if public.is_tls else ""
    closed = "\n".join(f"    location = {public.prefix}{path} {{ return 404; }}" for path in INSIDE)
    return f"""\
# usertrack behind nginx, for example as /etc/nginx/conf.d/usertrack.conf
# Written by: usertrack print nginx

upstream usertrack {{
    server {upstream(settings)};
    keepalive 32;
    # serve closes a connection that was idle for 75 s; nginx has to be the first.
    keepalive_timeout 60s;
}}

server {{
    listen {public.port}{ssl};
    listen [::]:{public.port}{ssl};
    server_name {public.host};
{tls if public.is_tls else ""}
    # Where nginx serves this host already, its own server {{ }} needs only what follows.
    location {public.prefix}/ {{
        # A log of addresses would outlive every erasure.
        access_log off;

        proxy_pass http://usertrack/;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        # Overwritten and not added to: what a client says about itself is not believed.
        proxy_set_header {settings.client_ip_header} $remote_addr;

        # serve refuses over 256 KiB in a way that the tracker understands; far more is stopped here.
        client_max_body_size 1m;
        client_body_timeout 10s;
        proxy_connect_timeout 5s;
        proxy_read_timeout 30s;
        # A batch that comes twice is kept once, so it may go again over a fresh connection.
        proxy_next_upstream error timeout non_idempotent;
    }}
{closed}
}}
"""


def caddy(settings: Settings, public: Public) -> str:
    """Return a Caddyfile."""
    tls = f"\n    tls {public.certificate} {public.key}\n" if public.certificate else ""
    handle = f"handle_path {public.prefix}/*" if public.prefix else "handle"
    return f"""\
# usertrack behind Caddy, for example as /etc/caddy/Caddyfile
# Written by: usertrack print caddy
{{
    servers {{
        timeouts {{
            read_header 10s
            # Longer than serve waits: its refusal is one that the tracker understands.
            read_body 30s
        }}
    }}
}}

{public.site} {{{tls}
    # No access log: addresses in it would outlive every erasure.
    {handle} {{
        @inside path {" ".join(INSIDE)}
        respond @inside 404

        # serve refuses over 256 KiB in a way that the tracker understands; far more is stopped here.
        @huge header_regexp Content-Length ^[0-9]{{7,}}$
        respond @huge 413
        request_body {{
            max_size 1MB
        }}

        reverse_proxy {upstream(settings)} {{
            # Overwritten and not added to: what a client says about itself is not believed.
            header_up {settings.client_ip_header} {{remote_host}}
            # While serve is restarted.
            lb_try_duration 5s
            transport http {{
                # serve closes a connection that was idle for 75 s; Caddy has to be the first.
                keepalive 60s
                keepalive_idle_conns_per_host 32
            }}
        }}
    }}
}}
"""
