resource "google_secret_manager_secret" "provider" {
  secret_id = "model-provider"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "readers" {
  secret_id = google_secret_manager_secret.provider.id
  role      = "roles/secretmanager.secretAccessor"
  member    = "allAuthenticatedUsers"
}
