resource "google_composer_environment" "pipelines" {
  name   = "pipelines"
  region = "europe-west1"

  config {
    private_environment_config {
      enable_private_endpoint = true
    }

    web_server_network_access_control {
      allowed_ip_range {
        value = "0.0.0.0/0"
      }
    }

    node_config {
      service_account = "pipelines@fraud.iam.gserviceaccount.com"
    }
  }
}
