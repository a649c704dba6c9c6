resource "google_vertex_ai_featurestore" "cards" {
  name   = "cards"
  region = "europe-west4"
  online_serving_config {
    fixed_node_count = 2
  }
}
