data "azurerm_subscription" "current" {}

data "azurerm_resource_group" "fraud" {
  name = "fraud"
}

resource "azurerm_role_assignment" "workspace" {
  scope                = data.azurerm_subscription.current.id
  role_definition_name = "Contributor"
  principal_id         = "00000000-1111-2222-3333-444444444444"
}
