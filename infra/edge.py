"""Pure: the edge's configuration, as a Caddyfile: TLS, logins, headers, limits, routes."""

from collections.abc import Mapping

from infra.settings import Settings

API_BODY_LIMIT = "2MB"
"""The API's own limit; a request of 10,000 rows is 1 MB."""
API_BUFFER = "2001KB"
"""More than any body that is let in: each is whole before the API is asked. So a slow client keeps
no worker waiting, and what a worker took that was killed is sent again."""
BUFFERED = r"^(1?\d{1,6}|2000000)$"
"""A Content-Length up to 2 MB."""
TOOLS_BODY_LIMIT = "10MB"
RETRY_S = 10
"""For the API to come back: it takes some 3 s from nothing. Longer, and a caller waits in vain."""
DRAIN_S = 10
ARTIFACT_BODY_LIMIT = "1GB"
"""A model is uploaded through MLflow in one piece."""
PREDICTIONS = ("/predict", "/explain", "/invocations", "/v2/models/*")
"""Asked twice, they answer the same: they may be sent again when a worker died over them."""
BEHIND_LOGIN = ("mlflow", "prometheus", "alertmanager", "retrainer")
STRIPPED = {"mlflow", "retrainer"}
"""Served at their own root: nothing that they answer names an absolute path, so the prefix ends at
the edge."""

CADDYFILE = """\
{{
	admin off
	auto_https disable_redirects
	default_sni {probed_as}
	http_port {http_port}
	https_port {port}
	skip_install_trust
	grace_period {drain_s}s
	servers {{{trusted}
		protocols h1 h2
		timeouts {{
			read_body 60s
			read_header 10s
			idle 2m
		}}
		max_header_size 16KB
	}}
}}

(hardened) {{
	header {{
		Strict-Transport-Security "max-age={hsts_s}"
		X-Content-Type-Options nosniff
		X-Frame-Options SAMEORIGIN
		Referrer-Policy strict-origin-when-cross-origin
		Permissions-Policy "camera=(), geolocation=(), microphone=()"
		-Server
		-Via
	}}
}}

https://{name}:{port}, {probes} {{
	bind {bind}
	tls{issuer} {{
		protocols tls1.2 tls1.3
		ciphers {ciphers}
	}}
	import hardened
	handle_errors {{
		import hardened
		respond "{{err.status_code}} {{err.status_text}}"
	}}

	handle /-/healthy {{
		respond ok
	}}
{routes}
	@inside path /metrics /metrics/* /models/hook /models/hook/*
	handle @inside {{
		respond 404
	}}
	handle {{
		request_body {{
			max_size {body_limit}
		}}
		request_header -Forwarded
		request_header -X-Real-IP
		request_header -X-Forwarded-Host
		reverse_proxy {api} {{
			header_up X-Forwarded-For {{client_ip}}
			request_buffers {buffer}
			lb_try_duration {retry_s}s
			lb_try_interval 100ms
			lb_retry_match {{
				method GET HEAD
			}}
			lb_retry_match {{
				method POST
				path {predictions}
				header_regexp Content-Length {buffered}
			}}
			transport http {{
				response_header_timeout 30s
			}}
		}}
	}}
}}
{redirect}"""

# Mozilla's intermediate profile, version 5.7, without its finite-field suites, which Go lacks.
CIPHERS = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
HTTP_PORT = 80
HSTS_S = 63_072_000
"""Two years, as the same profile asks for."""
LOOPBACK = "127.0.0.1"

LOGIN = """\
	redir /{name} /{name}/
	handle{strip} /{name}/* {{
		basic_auth {{
			import "{{$SECRETS}}/operator-login"
		}}
		request_body {{
			max_size {limit}
		}}
		reverse_proxy {address} {{
			header_up -Authorization
		}}
	}}
"""
GRAFANA = """\
	redir /grafana /grafana/
	handle /grafana/* {{
		request_body {{
			max_size {limit}
		}}
		reverse_proxy {address}
	}}
"""
TRUSTED = """
		trusted_proxies static {network}
		trusted_proxies_strict"""
"""The load balancer, which comes from the VPC, says whom it answers; nobody else is believed."""
REDIRECT = """
http://{name} {{
	bind {bind}
	header -Server
	redir https://{name}{{uri}} permanent
}}
"""


def render_caddyfile(
    settings: Settings, name: str, port: int, where: Mapping[str, str], bind: str
) -> str:
    """Return the edge's Caddyfile.

    The certificate of a domain comes by ACME, and port 80 answers the challenge and redirects;
    otherwise Caddy's own authority signs it, and only the given port listens.

    Parameters
    ----------
    settings
        The stack's settings.
    name
        Host name or address under which people reach the edge.
    port
        The port that it listens on.
    where
        host:port of each service that it leads to.
    bind
        Address that it listens on.
    """
    behind_balancer = settings.profile == "hardened"
    routes = [_behind_login(service, where[service]) for service in BEHIND_LOGIN]
    routes.append(GRAFANA.format(address=where["grafana"], limit=TOOLS_BODY_LIMIT))
    return CADDYFILE.format(
        name=name,
        port=port,
        http_port=HTTP_PORT,
        # A load balancer and the host's probes come by address, without a name of ours. Beside a
        # domain the probes have a certificate of their own: its own may not have come yet.
        probes=f"https://{LOOPBACK}:{port}" if settings.acme else f":{port}",
        probed_as=LOOPBACK if settings.acme else name,
        hsts_s=HSTS_S,
        bind=bind,
        issuer="" if settings.acme else " internal",
        ciphers=" ".join(CIPHERS),
        routes="\n".join(["", *routes]),
        api=where["xgboost-api"],
        body_limit=API_BODY_LIMIT,
        buffer=API_BUFFER,
        buffered=BUFFERED,
        retry_s=RETRY_S,
        predictions=" ".join(PREDICTIONS),
        drain_s=DRAIN_S,
        trusted=TRUSTED.format(network=settings.vpc_cidr) if behind_balancer else "",
        redirect=REDIRECT.format(name=name, bind=bind) if settings.acme else "",
    )


def _behind_login(service: str, address: str) -> str:
    strip = "_path" if service in STRIPPED else ""
    limit = ARTIFACT_BODY_LIMIT if service == "mlflow" else TOOLS_BODY_LIMIT
    return LOGIN.format(name=service, strip=strip, address=address, limit=limit)
