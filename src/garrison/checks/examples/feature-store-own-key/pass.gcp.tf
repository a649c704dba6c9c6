resource "google_vertex_ai_featurestore" "cards" {
  name   = "cards"
  region = "europe-west4"
  online_serving_config {
    fixed_node_count = 2
  }
  encryption_spec {
    kms_key_name = "projects/ml-fraud/locations/europe-west4/keyRings/ml/cryptoKeys/features"
  }
}
