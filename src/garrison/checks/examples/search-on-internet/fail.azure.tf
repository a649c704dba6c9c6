resource "azurerm_search_service" "documents" {
  name                = "support-documents"
  resource_group_name = "assistant"
  location            = "westeurope"
  sku                 = "standard"
}
