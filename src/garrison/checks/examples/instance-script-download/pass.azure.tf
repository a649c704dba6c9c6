resource "azurerm_linux_virtual_machine" "llm" {
  name                  = "llm"
  location              = "westeurope"
  resource_group_name   = "fraud"
  size                  = "Standard_NC6s_v3"
  admin_username        = "ml"
  network_interface_ids = ["/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Network/networkInterfaces/llm"]
  custom_data           = base64encode("systemctl start llm-server")

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}
