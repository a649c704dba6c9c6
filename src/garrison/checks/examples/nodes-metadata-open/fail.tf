resource "google_container_node_pool" "gpu" {
  cluster = "ml"

  management {
    auto_upgrade = true
  }

  node_config {
    workload_metadata_config {
      mode = "GCE_METADATA"
    }

    kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }
}
