resource "azurerm_ai_services" "assistant" {
  name                = "claims-assistant"
  location            = "westeurope"
  resource_group_name = "ml"
  sku_name            = "S0"
  public_network_access = "Disabled"
}
