resource "google_service_account" "notebook" {
  account_id = "fraud-notebook"
}

resource "google_notebooks_instance" "fraud" {
  name         = "fraud-exploration"
  location     = "europe-west4-a"
  machine_type = "n1-standard-4"
  service_account = google_service_account.notebook.email
}
