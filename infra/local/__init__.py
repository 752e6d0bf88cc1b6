"""Stack `local`: the embedded AWS, its resource provider and the machine that plays the host."""

import os

# All of it speaks over loopback, which a company's HTTP proxy must not see.
for _name in ("no_proxy", "NO_PROXY"):
    if "127.0.0.1" not in os.environ.get(_name, ""):
        os.environ[_name] = f"127.0.0.1,localhost,{os.environ.get(_name, '')}".rstrip(",")
