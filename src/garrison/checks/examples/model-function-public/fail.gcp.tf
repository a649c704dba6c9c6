resource "google_cloud_run_v2_service" "llm" {
  name     = "llm"
  location = "europe-west4"

  template {
    containers {
      image = "europe-docker.pkg.dev/fraud-ml/serving/vllm:0.9.1"
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "llm" {
  name     = google_cloud_run_v2_service.llm.name
  location = "europe-west4"
  role     = "roles/run.invoker"
  member   = "allUsers"
}
