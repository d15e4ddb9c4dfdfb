"""Ask Docker's DNS anew where the hub is, or a server does not find it for minutes after the hub was started again.

JupyterHub 6 resolves through aiodns, whose c-ares keeps Docker's answers for their TTL of 600 s, and aiohttp keeps
answers too. By then the hub has another address. The client that asks the hub takes no configuration here.
"""

import aiohttp
from aiohttp import connector

vars(connector)["DefaultResolver"] = aiohttp.ThreadedResolver
aiohttp.TCPConnector.__init__.__kwdefaults__["use_dns_cache"] = False
