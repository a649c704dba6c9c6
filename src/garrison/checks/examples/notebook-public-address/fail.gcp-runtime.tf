resource "google_notebooks_runtime" "fraud" {
  name     = "fraud-exploration"
  location = "europe-west4"
  virtual_machine {
    virtual_machine_config {
      machine_type = "n1-standard-4"
      data_disk {
        initialize_params {
          disk_size_gb = 100
        }
      }
    }
  }
}
