resource "google_workbench_instance" "fraud" {
  name     = "fraud-exploration"
  location = "europe-west4-a"
  gce_setup {
    machine_type = "n1-standard-4"
    service_accounts {
      email = "fraud-notebook@ml-fraud.iam.gserviceaccount.com"
    }
  }
}
