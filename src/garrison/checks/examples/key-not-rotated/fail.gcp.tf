resource "google_kms_crypto_key" "training" {
  name     = "fraud-training"
  key_ring = "projects/fraud/locations/eu/keyRings/ml"
}
