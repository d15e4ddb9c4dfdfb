from galilean_hub.config import configure

# traitlets puts the configuration here under this name.
configure(globals()["c"])
