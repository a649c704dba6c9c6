resource "azurerm_network_security_rule" "rdp" {
  name                        = "labelling-desktops"
  resource_group_name         = "fraud"
  network_security_group_name = "labelling"
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefix       = "*"
  destination_port_range      = "3389"
  destination_address_prefix  = "*"
}
