resource "google_secret_manager_secret" "provider" {
  secret_id = "model-provider"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "provider" {
  secret      = google_secret_manager_secret.provider.id
  secret_data = var.provider_key
}

variable "provider_key" {
  type      = string
  sensitive = true
}
