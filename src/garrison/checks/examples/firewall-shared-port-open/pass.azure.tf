resource "azurerm_network_security_rule" "app" {
  name                        = "app"
  resource_group_name         = "fraud"
  network_security_group_name = "apps"
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefix       = "10.20.0.0/16"
  destination_port_range      = "8000"
  destination_address_prefix  = "*"
}
