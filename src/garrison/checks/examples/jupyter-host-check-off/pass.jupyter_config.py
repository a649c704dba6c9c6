c.ServerApp.local_hostnames = ["notebooks.example.com"]
