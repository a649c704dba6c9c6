resource "databricks_job" "train" {
  name = "train"

  job_cluster {
    job_cluster_key = "gpu"

    new_cluster {
      spark_version = "16.4.x-gpu-ml-scala2.12"
      node_type_id  = "Standard_NC6s_v3"
      num_workers   = 2

      spark_env_vars = {
        HF_TOKEN = "k7Zq2mXw9pLr4vTn8sBd"
      }
    }
  }
}
