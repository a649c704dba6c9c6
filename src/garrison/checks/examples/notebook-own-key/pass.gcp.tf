resource "google_workbench_instance" "fraud" {
  name     = "fraud-exploration"
  location = "europe-west4-a"
  gce_setup {
    machine_type = "n1-standard-4"
    data_disks {
      disk_size_gb    = 200
      disk_encryption = "CMEK"
      kms_key         = "projects/ml-fraud/locations/europe-west4/keyRings/ml/cryptoKeys/notebooks"
    }
  }
}
