"""Stands in for the get-pip script of ansible-test, whose download host many networks do not reach.

Installs the pip that Python itself carries, then what the command line asks for.
"""

from __future__ import annotations

import os
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
requested = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
os.execv(sys.executable, [sys.executable, "-m", "pip", "install", *requested])
