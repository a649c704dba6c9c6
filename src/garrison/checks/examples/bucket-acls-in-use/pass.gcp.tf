resource "google_storage_bucket" "training" {
  name     = "fraud-training-data"
  location = "EU"

  uniform_bucket_level_access = true
}
