c.ServerApp.disable_check_xsrf = False
