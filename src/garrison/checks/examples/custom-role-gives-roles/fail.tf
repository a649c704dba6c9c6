resource "azurerm_role_definition" "pipeline" {
  name  = "pipeline"
  scope = "/subscriptions/00000000-0000-0000-0000-000000000000"

  permissions {
    actions = ["Microsoft.Authorization/roleAssignments/write"]
  }
}
