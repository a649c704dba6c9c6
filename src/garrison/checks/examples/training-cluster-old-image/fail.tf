resource "google_dataproc_cluster" "train" {
  name   = "train"
  region = "europe-west1"

  cluster_config {
    gce_cluster_config {
      internal_ip_only = true
      service_account  = google_service_account.train.email
    }

    software_config {
      image_version = "1.5-debian10"
    }

    encryption_config {
      kms_key_name = google_kms_crypto_key.train.id
    }

    security_config {
      kerberos_config {
        enable_kerberos = true
      }
    }
  }
}

resource "google_service_account" "train" {
  account_id = "train"
}
