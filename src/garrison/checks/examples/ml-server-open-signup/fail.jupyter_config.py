c.JupyterHub.authenticator_class = "github"
c.Authenticator.allow_all = True
