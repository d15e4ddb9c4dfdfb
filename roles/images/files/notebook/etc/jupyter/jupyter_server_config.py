"""For the server: what nobody here uses is neither loaded nor asked for."""

c = get_config()  # noqa: F821

c.ServerApp.jpserver_extensions = {"jupyter_lsp": False}
c.LabApp.extension_manager = "readonly"
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
