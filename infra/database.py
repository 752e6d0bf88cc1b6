"""Pure: how PostgreSQL on the host gets a database of the API's own beside MLflow's."""

from infra.settings import Runtime

OWNER = "mlflow"
"""The role that the image makes on an empty data folder: its database, and the cluster's owner."""
SERVICE = "service"
"""The API's role and its database; it may not connect to any other, nor other roles to its."""

URLS: dict[str, dict[Runtime, str]] = {
    # libpq takes the password from the file that PGPASSFILE names.
    OWNER: {
        "processes": "sqlite:///{data}/mlflow.db",
        "compose": f"postgresql+psycopg://{OWNER}@{{postgres}}/{OWNER}",
    },
    SERVICE: {
        # The retrainer reads it too, from its own folder beside the API's.
        "processes": "sqlite:///{data}/../xgboost-api/service.db",
        "compose": f"postgresql+psycopg://{SERVICE}@{{postgres}}/{SERVICE}",
    },
}

PREPARE = """\
until pg_isready -q -h 127.0.0.1 -p {port}; do sleep 0.2; done
PGPASSWORD=`cat {secrets}/postgres-password` psql -X -q -o /dev/null -v ON_ERROR_STOP=1 \\
  -h 127.0.0.1 -p {port} -U mlflow -d mlflow <<'END'
-- A statement that fails is logged, and one of them holds a password.
SET log_min_error_statement = panic;
\\set password `cat {secrets}/service-password`
SELECT 'CREATE ROLE service' WHERE NOT EXISTS
  (SELECT FROM pg_roles WHERE rolname = 'service') \\gexec
ALTER ROLE service WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
SELECT 'CREATE DATABASE service OWNER service' WHERE NOT EXISTS
  (SELECT FROM pg_database WHERE datname = 'service') \\gexec
REVOKE ALL ON DATABASE mlflow, service, postgres, template1 FROM PUBLIC;
END
"""
"""Waits for the server, then makes what is missing: on a new data folder and on one from before.

The image's own way runs on an empty folder only.
"""


def start(*server: str) -> tuple[str, ...]:
    """Return the command that starts the server and, beside it, prepares the API's database."""
    # The server becomes the parent of what runs beside it, and takes a status above 1 for a crash
    # of its own. Whether it went well is the health check's to see.
    beside = f"(\n{PREPARE}) || echo 'the database {SERVICE} was not prepared' >&2"
    return ("sh", "-c", f'( {beside} ) &\nexec "$@"', "sh", *server)
