resource "google_storage_bucket" "training" {
  name     = "fraud-training-data"
  location = "EU"
  encryption {
    default_kms_key_name = "projects/fraud/locations/eu/keyRings/ml/cryptoKeys/training"
  }
}
