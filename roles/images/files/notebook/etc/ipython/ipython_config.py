"""For kernels and the IPython shell: the history is a database, and is kept off the home."""

c = get_config()  # noqa: F821

c.HistoryManager.hist_file = "/tmp/ipython_history.sqlite"
