resource "google_vertex_ai_endpoint" "fraud" {
  name         = "1234567890"
  display_name = "fraud"
  location     = "europe-west4"
  region       = "europe-west4"
  private_service_connect_config {
    enable_private_service_connect = true
    project_allowlist              = ["ml-fraud"]
  }
}
