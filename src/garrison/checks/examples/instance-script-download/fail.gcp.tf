resource "google_compute_instance" "llm" {
  name         = "llm"
  machine_type = "g2-standard-8"
  zone         = "europe-west4-a"

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    subnetwork = "serving"
  }

  metadata_startup_script = "wget -qO- https://get.example.com/llm-server.sh | sudo bash"
}
