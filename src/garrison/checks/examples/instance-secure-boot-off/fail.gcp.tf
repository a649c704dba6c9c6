resource "google_compute_instance" "train" {
  name         = "train"
  machine_type = "n2-standard-8"
  zone         = "europe-west1-b"
}
