resource "azurerm_linux_virtual_machine" "trainer" {
  name                  = "trainer"
  location              = "westeurope"
  resource_group_name   = "fraud"
  size                  = "Standard_NC6s_v3"
  admin_username        = "ml"
  network_interface_ids = ["/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Network/networkInterfaces/trainer"]
  custom_data           = base64encode("az login --identity && python /opt/fraud/train.py")

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}
