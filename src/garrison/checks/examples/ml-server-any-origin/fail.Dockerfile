FROM ghcr.io/mlflow/mlflow:v3.17.0
CMD ["mlflow", "server", "--app-name", "basic-auth", "--cors-allowed-origins", "*"]
