FROM ghcr.io/mlflow/mlflow:v2.9.1
CMD ["mlflow", "server", "--app-name", "basic-auth"]
