resource "google_compute_firewall" "app" {
  name          = "app"
  network       = "apps"
  source_ranges = ["0.0.0.0/0"]

  allow {
    protocol = "tcp"
    ports    = ["8080"]
  }
}
