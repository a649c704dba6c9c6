FROM ghcr.io/mlflow/mlflow:v3.4.0
CMD ["mlflow", "server", "--app-name", "basic-auth", "--allowed-hosts", "*"]
