resource "google_storage_bucket" "training" {
  name     = "fraud-training-data"
  location = "EU"
  logging {
    log_bucket = "fraud-access-logs"
  }
}
