resource "azurerm_network_interface" "labelling" {
  name                = "labelling"
  location            = "westeurope"
  resource_group_name = "fraud"

  ip_configuration {
    name                          = "internal"
    subnet_id                     = "/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Network/virtualNetworks/ml/subnets/tools"
    private_ip_address_allocation = "Dynamic"
    public_ip_address_id          = "/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Network/publicIPAddresses/labelling"
  }
}

resource "azurerm_windows_virtual_machine" "labelling" {
  name                  = "labelling"
  location              = "westeurope"
  resource_group_name   = "fraud"
  size                  = "Standard_D4s_v5"
  admin_username        = "ml"
  admin_password        = var.admin_password
  network_interface_ids = [azurerm_network_interface.labelling.id]

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}

variable "admin_password" {
  sensitive = true
}
