"""Where people and programs reach the services."""

from infra.services import SERVICES, ports
from infra.settings import Settings

PATHS = {"xgboost-api": "/predict"}


def urls(settings: Settings, address: str) -> dict[str, str]:
    """Return each listening service's URL.

    Parameters
    ----------
    settings
        The stack's settings.
    address
        The host's address.

    Returns
    -------
    dict
        URL by service name; the API's is that of `/predict`.
    """
    port = ports(settings)
    return {
        service.name: f"http://{address}:{port[service.name]}{PATHS.get(service.name, '')}"
        for service in SERVICES
        if service.port is not None
    }
