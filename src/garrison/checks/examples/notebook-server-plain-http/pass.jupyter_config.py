c.ServerApp.ip = "10.0.4.7"
c.ServerApp.certfile = "/etc/jupyter/tls.pem"
c.ServerApp.keyfile = "/etc/jupyter/tls.key"
