resource "google_vertex_ai_endpoint" "fraud" {
  name         = "1234567890"
  display_name = "fraud"
  location     = "europe-west4"
  region       = "europe-west4"
}
