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
    source_address_prefix      = "10.20.0.0/16"
    destination_port_range     = "443"
    destination_address_prefix = "*"
  }
}
