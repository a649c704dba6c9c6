variable "admin_password" {
  sensitive = true
}

resource "azurerm_linux_virtual_machine" "trainer" {
  name                            = "trainer"
  location                        = "westeurope"
  resource_group_name             = "fraud"
  size                            = "Standard_NC6s_v3"
  admin_username                  = "ml"
  disable_password_authentication = false
  admin_password                  = var.admin_password
  network_interface_ids           = ["/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Network/networkInterfaces/trainer"]

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}
