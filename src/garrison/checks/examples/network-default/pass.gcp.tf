resource "google_project" "fraud" {
  name                = "fraud"
  project_id          = "fraud-ml"
  auto_create_network = false
}
