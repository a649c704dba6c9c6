c.JupyterHub.authenticator_class = "github"
c.Authenticator.allowed_users = {"ada", "grace"}
