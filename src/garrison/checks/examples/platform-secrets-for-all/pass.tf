resource "databricks_secret_acl" "hub" {
  scope      = "ml"
  principal  = "serving"
  permission = "READ"
}
