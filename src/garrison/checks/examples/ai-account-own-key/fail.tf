resource "azurerm_cognitive_account" "assistant" {
  name                  = "claims-assistant"
  location              = "westeurope"
  resource_group_name   = "ml"
  kind                  = "OpenAI"
  sku_name              = "S0"
  custom_subdomain_name = "claims-assistant"
}
