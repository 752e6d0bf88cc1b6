"""Where people and programs reach the services."""

from infra.services import ports, services_of
from infra.settings import Settings

HTTPS_PORT = 443
PATHS = {
    "xgboost-api": "/predict",
    "prometheus": "/prometheus/",
    "alertmanager": "/alertmanager/",
    "grafana": "/grafana/",
    "retrainer": "/retrainings",
}
BEHIND_EDGE = {
    **PATHS,
    "mlflow": "/mlflow/",
    "proxy": "/",
    "retrainer": "/retrainer/retrainings",
}


def netloc(address: str, port: int) -> str:
    """Return an HTTPS address as a browser names it: the usual port is left out."""
    return address if port == HTTPS_PORT else f"{address}:{port}"


def urls(settings: Settings, address: str) -> dict[str, str]:
    """Return the URL of each service that people can reach.

    Processes are reached on their own ports of this machine; containers through the edge alone.

    Parameters
    ----------
    settings
        The stack's settings.
    address
        The host's name or address.

    Returns
    -------
    dict
        URL by service name; the API's is that of `/predict`.
    """
    port = ports(settings)
    edge = f"https://{netloc(address, port['proxy'])}"
    if settings.runtime == "compose":
        return {name: edge + path for name, path in BEHIND_EDGE.items()}
    return {
        service.name: f"{service.scheme}://{address}:{port[service.name]}"
        + PATHS.get(service.name, "")
        for service in services_of(settings.runtime)
        if service.port is not None
    }
