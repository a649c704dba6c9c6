resource "databricks_permissions" "model" {
  registered_model_id = "fraud"

  access_control {
    group_name       = "users"
    permission_level = "CAN_MANAGE"
  }
}

resource "databricks_grants" "features" {
  schema = "ml.features"

  grant {
    principal  = "account users"
    privileges = ["ALL_PRIVILEGES"]
  }
}

resource "databricks_grant" "labels" {
  table      = "ml.features.labels"
  principal  = "account users"
  privileges = ["MODIFY"]
}
