"""How the service is, for people without Grafana: what the page /status draws."""
