from galilean_hub.config import configure

configure(get_config())  # noqa: F821  # traitlets puts get_config here
