"""For the server: what nobody here uses takes no time at its start."""

c = get_config()  # noqa: F821

c.ServerApp.jpserver_extensions = {"jupyter_lsp": False, "notebook_shim": False}
c.LabApp.extension_manager = "readonly"
