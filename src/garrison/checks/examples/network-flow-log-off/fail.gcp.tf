resource "google_compute_network" "ml" {
  name                    = "ml"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "training" {
  name          = "training"
  network       = google_compute_network.ml.id
  ip_cidr_range = "10.20.0.0/16"
}
