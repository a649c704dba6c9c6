resource "azurerm_network_interface" "trainer" {
  name                = "trainer"
  location            = "westeurope"
  resource_group_name = "fraud"

  ip_configuration {
    name                          = "internal"
    subnet_id                     = "/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Network/virtualNetworks/ml/subnets/training"
    private_ip_address_allocation = "Dynamic"
  }
}
resource "azurerm_linux_virtual_machine" "trainer" {
  name                  = "trainer"
  location              = "westeurope"
  resource_group_name   = "fraud"
  size                  = "Standard_NC24ads_A100_v4"
  admin_username        = "ml"
  network_interface_ids = [azurerm_network_interface.trainer.id]

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}
