c.ServerApp.allow_remote_access = True
