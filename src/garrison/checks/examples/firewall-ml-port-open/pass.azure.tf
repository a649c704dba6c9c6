resource "azurerm_network_security_group" "vectors" {
  name                = "vectors"
  location            = "westeurope"
  resource_group_name = "fraud"

  security_rule {
    name                       = "qdrant"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    source_address_prefix      = "10.20.0.0/16"
    destination_port_ranges    = ["443", "6333"]
    destination_address_prefix = "*"
  }
}
