resource "google_compute_instance" "llm" {
  name         = "llm"
  machine_type = "g2-standard-8"
  zone         = "europe-west4-a"

  boot_disk {
    initialize_params {
      image = "fraud-ml/llm-server-1-4-2"
    }
  }

  network_interface {
    subnetwork = "serving"
  }

  metadata_startup_script = "systemctl start llm-server"
}
