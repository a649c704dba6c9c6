resource "google_compute_firewall" "notebooks" {
  name          = "notebooks"
  network       = "ml"
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "tcp"
    ports    = ["8888-8890"]
  }
}
