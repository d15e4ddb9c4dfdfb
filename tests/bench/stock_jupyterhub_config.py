"""JupyterHub with the stock SwarmSpawner, its known faults switched around so that it works."""

import json
import os

import aiohttp.connector
from docker.types import Mount

with open("/etc/galilean/hub.json") as file:
    spawner = json.load(file)["spawner"]

# traitlets puts the configuration here under this name.
c = globals()["c"]
c.JupyterHub.bind_url = "http://0.0.0.0:8000"
c.JupyterHub.hub_bind_url = "http://0.0.0.0:8081"
c.JupyterHub.hub_connect_ip = "stock-hub"
c.JupyterHub.db_url = "sqlite:////tmp/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/tmp/cookie_secret"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http+unix://%2Frun%2Fstock%2Fapi.sock"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.spawner_class = "dockerspawner.SwarmSpawner"
c.SwarmSpawner.image = spawner["image"]
c.SwarmSpawner.network_name = spawner["network"]
c.SwarmSpawner.cmd = ["jupyterhub-singleuser"]
c.SwarmSpawner.name_template = "stock-{username}"
c.SwarmSpawner.mem_limit = spawner["memory_limit"]
c.SwarmSpawner.extra_endpoint_spec = {"mode": "dnsrr"}
c.SwarmSpawner.extra_placement_spec = {"constraints": spawner["constraints"]}
c.SwarmSpawner.extra_container_spec = {"mounts": [Mount(target="/tmp/home", source=None, type="tmpfs")]}
c.Spawner.environment = {"HOME": "/tmp/home"}
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
c.JupyterHub.services = [{"name": "bench", "api_token": os.environ["BENCH_TOKEN"]}]
c.JupyterHub.load_roles = [
    {"name": "bench", "services": ["bench"], "scopes": ["admin:users", "admin:servers", "access:servers", "list:users"]}
]

# The stock HTTP client goes on connecting to the address of an earlier container.
aiohttp.connector.DefaultResolver = aiohttp.ThreadedResolver
c.JupyterHubHTTPClient.connector_options = {"use_dns_cache": False}
