resource "databricks_token" "pipeline" {
  comment = "pipeline"
}
