resource "google_compute_firewall" "training" {
  name          = "fraud-training"
  network       = "ml"
  source_ranges = ["10.20.0.0/16"]

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
