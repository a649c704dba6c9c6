resource "google_cloud_run_v2_service" "rag" {
  name     = "rag"
  location = "europe-west4"

  template {
    containers {
      image = "europe-docker.pkg.dev/fraud-ml/serving/rag:1.2.0"

      env {
        name  = "VECTOR_STORE_PASSWORD"
        value = "qd-7781-Fraud"
      }
    }
  }
}
