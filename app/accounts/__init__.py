"""Who may use the service: users, sessions, API keys, invitations."""
