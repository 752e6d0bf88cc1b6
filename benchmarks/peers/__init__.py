"""The peers, each as its own tutorial has it: an adapter here, its environment in a lock file.

No adapter knows this project: each is run by the peer's programs, in the peer's environment.
"""
