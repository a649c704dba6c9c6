resource "google_kms_crypto_key" "training" {
  name            = "fraud-training"
  key_ring        = "projects/fraud/locations/eu/keyRings/ml"
  rotation_period = "7776000s"
}

resource "google_kms_crypto_key_iam_member" "users" {
  crypto_key_id = google_kms_crypto_key.training.id
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = "allAuthenticatedUsers"
}
