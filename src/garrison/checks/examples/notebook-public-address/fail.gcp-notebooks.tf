resource "google_notebooks_instance" "fraud" {
  name         = "fraud-exploration"
  location     = "europe-west4-a"
  machine_type = "n1-standard-4"
}
