c.JupyterHub.authenticator_class = "github"
c.JupyterHub.admin_access = False
