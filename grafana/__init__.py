"""Grafana's boards over Milepost's tables and metrics, made with Grafana's own types by `python -m grafana`."""
