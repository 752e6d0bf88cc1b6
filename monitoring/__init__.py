"""Watches the service: what Prometheus scrapes and what Grafana shows."""
