resource "google_container_node_pool" "gpu" {
  cluster = "ml"

  management {
    auto_upgrade = false
  }

  node_config {
    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }
}
