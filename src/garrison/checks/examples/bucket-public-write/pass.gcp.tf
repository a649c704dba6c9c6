resource "google_storage_bucket" "models" {
  name     = "fraud-models"
  location = "EU"
}

resource "google_storage_bucket_iam_binding" "writers" {
  bucket  = google_storage_bucket.models.name
  role    = "roles/storage.objectAdmin"
  members = ["serviceAccount:training@fraud.iam.gserviceaccount.com"]
}
