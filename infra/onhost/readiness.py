"""Asks the edge of this machine whether a model is served."""

import ssl
import urllib.error
import urllib.request


def edge_is_ready(url: str) -> str:
    """Ask through the edge whether a model is served; return why not, or nothing."""
    # The certificate is for the public address, and by an authority of the edge's own.
    trusting = ssl._create_unverified_context()  # noqa: S323, SLF001  # loopback
    try:
        with urllib.request.urlopen(url, timeout=5, context=trusting) as answer:  # noqa: S310
            return "" if answer.status == 200 else f"/readyz answered {answer.status}"  # noqa: PLR2004
    except urllib.error.HTTPError as error:
        return f"/readyz answered {error.code}: {error.read(300).decode(errors='replace')}"
    except OSError as error:
        return f"/readyz: {error}"
