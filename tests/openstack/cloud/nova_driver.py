"""Nova's fake hypervisor, whose servers say on their console what cloud-init says: their public host keys.

A file of the server's id in CONSOLES is its console, where somebody has written one; otherwise one of its project's id.
Servers of a project with a file in HANGING are built no further for as long as it is there.
"""

import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nova.virt import fake

CONSOLES = Path("/var/lib/nova/consoles")
HANGING = Path("/var/lib/nova/hanging")
KEYS = "-----BEGIN SSH HOST KEY KEYS-----\n{} root@{}\n-----END SSH HOST KEY KEYS-----\n"


class Driver(fake.FakeDriverWithoutFakeNodes):
    def spawn(self, context, instance, *arguments, **options):
        while (HANGING / instance.project_id).exists():
            time.sleep(1)
        return super().spawn(context, instance, *arguments, **options)

    def get_console_output(self, _context, instance):
        console, of_project = CONSOLES / instance.uuid, CONSOLES / instance.project_id
        if of_project.exists() and not console.exists():
            return of_project.read_bytes()
        if not console.exists():
            key = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            CONSOLES.mkdir(exist_ok=True)
            console.write_text(KEYS.format(key.decode(), instance.hostname))
        return console.read_bytes()
