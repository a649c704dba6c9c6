resource "google_compute_firewall" "ssh" {
  name          = "ssh-to-trainers"
  network       = "ml"
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}
