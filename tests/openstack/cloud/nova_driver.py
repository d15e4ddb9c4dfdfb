"""Nova's fake hypervisor, whose servers say on their console what cloud-init says: their public host keys.

A file of the server's id in CONSOLES is its console, where somebody has written one.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nova.virt import fake

CONSOLES = Path("/var/lib/nova/consoles")
KEYS = "-----BEGIN SSH HOST KEY KEYS-----\n{} root@{}\n-----END SSH HOST KEY KEYS-----\n"


class Driver(fake.FakeDriver):
    def get_console_output(self, _context, instance):
        console = CONSOLES / instance.uuid
        if not console.exists():
            key = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            CONSOLES.mkdir(exist_ok=True)
            console.write_text(KEYS.format(key.decode(), instance.hostname))
        return console.read_bytes()
