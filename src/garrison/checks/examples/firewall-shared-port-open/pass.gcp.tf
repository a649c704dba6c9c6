resource "google_compute_firewall" "app" {
  name          = "app"
  network       = "apps"
  source_ranges = ["10.20.0.0/16"]

  allow {
    protocol = "tcp"
    ports    = ["8080"]
  }
}
