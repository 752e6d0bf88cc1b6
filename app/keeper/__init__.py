"""The process beside the workers that moves the journal into the database, and prunes it.

It is a process of its own because a thread of a worker would hold the interpreter's lock for
milliseconds while a prediction waits, and because the workers then need no SQLAlchemy.
"""
