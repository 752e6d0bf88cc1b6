"""The service's databases, as the API's tests have them."""

from tests.app.conftest import (  # noqa: F401
    database,
    migrated_file,
    migrated_postgres_url,
    postgres_url,
    sqlite_url,
)
