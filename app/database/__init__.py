"""Users, sessions, keys, predictions and feedback in SQLite or PostgreSQL."""
