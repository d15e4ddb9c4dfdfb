"""For every Jupyter program: databases are kept off the home, which may be on NFS, where SQLite corrupts."""

c = get_config()  # noqa: F821

c.NotebookNotary.db_file = "/tmp/nbsignatures.db"
c.BaseFileIdManager.db_path = "/tmp/file_id_manager.db"
c.SQLiteYStore.db_path = "/tmp/ystore.db"
