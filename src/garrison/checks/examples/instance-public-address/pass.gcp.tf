resource "google_compute_instance" "labelling" {
  name         = "labelling"
  machine_type = "e2-standard-4"
  zone         = "europe-west4-a"

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }

  network_interface {
    subnetwork = "tools"
  }
}
