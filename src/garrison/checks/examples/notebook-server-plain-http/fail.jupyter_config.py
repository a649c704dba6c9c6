c.ServerApp.ip = "10.0.4.7"
