resource "google_artifact_registry_repository" "serving" {
  repository_id = "fraud-serving"
  location      = "europe-west1"
  format        = "DOCKER"
}

resource "google_artifact_registry_repository_iam_member" "users" {
  repository = google_artifact_registry_repository.serving.name
  location   = "europe-west1"
  role       = "roles/artifactregistry.writer"
  member     = "serviceAccount:build@fraud.iam.gserviceaccount.com"
}
