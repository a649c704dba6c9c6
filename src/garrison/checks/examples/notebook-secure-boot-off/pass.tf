resource "google_workbench_instance" "fraud" {
  name     = "fraud-exploration"
  location = "europe-west4-a"
  gce_setup {
    machine_type = "n1-standard-4"
    shielded_instance_config {
      enable_secure_boot = true
    }
  }
}
