resource "azurerm_cognitive_account" "chat" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  kind = "OpenAI"
}
