resource "google_compute_instance" "train" {
  name         = "train"
  machine_type = "n2-standard-8"
  zone         = "europe-west1-b"

  shielded_instance_config {
    enable_secure_boot = true
  }
}
