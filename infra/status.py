"""What a host tells of itself: one JSON object in the bucket, the same on both stacks."""

import json
from dataclasses import asdict, dataclass, field

STATUS_KEY = "host/status.json"


@dataclass(frozen=True)
class HostStatus:
    """One report of a host.

    `bundle` is the digest of the bundle in force, `failures` counts what has failed since the host
    was made (it only grows, so a reader needs no clock), `log_end` holds the last lines of what
    failed last. `authority` is the certificate (PEM) of the edge's own authority, where it has one:
    the bucket is a way to it that nobody else can write to.
    """

    bundle: str = ""
    failures: int = 0
    reason: str = ""
    log_end: tuple[str, ...] = ()
    services: dict[str, str] = field(default_factory=dict)
    authority: str = ""

    def text(self) -> str:
        """Return the report as JSON."""
        return json.dumps(asdict(self), indent=1)


def parse(text: str) -> HostStatus:
    """Read a report back.

    Raises
    ------
    ValueError
        The text is no report.
    """
    values = json.loads(text)
    try:
        return HostStatus(**{**values, "log_end": tuple(values["log_end"])})
    except (TypeError, KeyError) as error:
        message = f"no host status: {text[:80]!r}"
        raise ValueError(message) from error
