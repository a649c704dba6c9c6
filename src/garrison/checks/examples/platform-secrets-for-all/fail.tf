resource "databricks_secret_acl" "hub" {
  scope      = "ml"
  principal  = "users"
  permission = "READ"
}
