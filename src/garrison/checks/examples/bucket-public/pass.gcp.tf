resource "google_storage_bucket" "models" {
  name     = "fraud-models"
  location = "EU"
}

resource "google_storage_bucket_iam_member" "readers" {
  bucket = google_storage_bucket.models.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:serving@fraud.iam.gserviceaccount.com"
}
