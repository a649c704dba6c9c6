resource "databricks_token" "pipeline" {
  comment          = "pipeline"
  lifetime_seconds = 7776000
}
