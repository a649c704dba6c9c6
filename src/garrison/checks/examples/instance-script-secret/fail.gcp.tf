resource "google_compute_instance" "trainer" {
  name         = "trainer"
  machine_type = "g2-standard-8"
  zone         = "europe-west4-a"

  boot_disk {
    initialize_params {
      image = "deeplearning-platform-release/pytorch-latest-gpu"
    }
  }

  network_interface {
    subnetwork = "training"
  }

  metadata_startup_script = <<-EOT
    export MLFLOW_TRACKING_PASSWORD=fr4ud-Tracking-7781
    python /opt/fraud/train.py
  EOT
}
