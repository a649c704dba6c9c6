c.ServerApp.allow_origin = "https://notebooks.example.com"
