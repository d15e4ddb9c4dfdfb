"""JupyterHub on Docker Swarm, configured by one JSON file."""
