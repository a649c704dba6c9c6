resource "databricks_mlflow_webhook" "deploy" {
  model_name = "fraud"
  events     = ["MODEL_VERSION_CREATED"]

  http_url_spec {
    url                     = "https://deploy.example.com"
    enable_ssl_verification = false
  }
}
