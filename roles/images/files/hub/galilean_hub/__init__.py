"""JupyterHub on Docker Swarm, configured by one JSON file."""

from galilean_hub.config import configure

__all__ = ["configure"]
