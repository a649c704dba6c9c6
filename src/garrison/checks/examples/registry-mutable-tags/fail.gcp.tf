resource "google_artifact_registry_repository" "serving" {
  repository_id = "fraud-serving"
  location      = "europe-west1"
  format        = "DOCKER"
}
