resource "azurerm_network_security_group" "training" {
  name                = "fraud-training"
  location            = "westeurope"
  resource_group_name = "fraud"

  security_rule {
    name                       = "workers"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    source_address_prefix      = "Internet"
    destination_port_range     = "0-65535"
    destination_address_prefix = "*"
  }
}
