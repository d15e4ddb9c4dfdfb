import galilean_hub

galilean_hub.configure(get_config())  # noqa: F821  # traitlets puts get_config here
