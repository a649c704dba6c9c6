resource "google_compute_firewall" "training" {
  name          = "fraud-training"
  network       = "ml"
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "all"
  }
}
