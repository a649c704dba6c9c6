resource "google_storage_bucket" "training" {
  name     = "fraud-training-data"
  location = "EU"
  versioning {
    enabled = true
  }
}
