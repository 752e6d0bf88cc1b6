"""Ends a plugin whose engine is gone: a killed engine can't end its plugins itself."""

import os
import runpy
import sys
import threading
import time

POLL_S = 0.5


def end_with_parent() -> None:
    """Watch the parent from a thread and end this process once it is gone."""
    # Linux's PR_SET_PDEATHSIG fires when the parent's *thread* ends, which Go's threads do.
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


if __name__ == "__main__":
    # python -m infra.local.orphans MODULE [ARGUMENT ...]: run a module that does not watch itself.
    end_with_parent()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
