resource "google_notebooks_runtime" "fraud" {
  name     = "fraud-exploration"
  location = "europe-west4"
  virtual_machine {
    virtual_machine_config {
      machine_type = "n1-standard-4"
      internal_ip_only = true
      data_disk {
        initialize_params {
          disk_size_gb = 100
        }
      }
    }
  }
}
