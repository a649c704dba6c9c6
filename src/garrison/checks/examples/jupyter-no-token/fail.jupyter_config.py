c.ServerApp.ip = "10.0.4.7"
c.ServerApp.token = ""
