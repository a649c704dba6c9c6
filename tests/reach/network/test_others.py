"""Firewalls of Google Cloud and Azure: priorities, denials, whom a rule is for, and what holds where none fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from garrison.estate.assets import Asset
from garrison.estate.estate import Estate
from garrison.reach.network.reach import Reach
from garrison.reach.network.sets import tcp_ports

Maker = Callable[..., Estate]

GOOGLE = """
resource "google_compute_network" "n" { name = "n" }
resource "google_compute_instance" "box" {
  name         = "box"
  machine_type = "a2-highgpu-1g"
  tags         = ["lab"]
  network_interface {
    network = google_compute_network.n.id
    access_config {}
  }
}
resource "google_compute_firewall" "in" {
  name          = "in"
  network       = google_compute_network.n.id
  source_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
    ports    = ["8888-8889"]
  }
}
"""
DENIAL = """
resource "google_compute_firewall" "out" {
  name          = "deny"
  network       = google_compute_network.n.id
  source_ranges = ["0.0.0.0/0"]
  priority      = PRIORITY
  deny {
    protocol = "tcp"
    ports    = ["8889"]
  }
}
"""
AZURE = """
resource "azurerm_virtual_network" "n" {
  name          = "n"
  address_space = ["10.0.0.0/16"]
}
resource "azurerm_subnet" "s" {
  name                 = "s"
  virtual_network_name = azurerm_virtual_network.n.name
  address_prefixes     = ["10.0.1.0/24"]
}
resource "azurerm_network_security_group" "g" {
  name = "g"
  security_rule {
    name                       = "in"
    priority                   = 200
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    destination_port_range     = "8888-8889"
    source_address_prefix      = "SOURCE"
  }
  security_rule {
    name                       = "not"
    priority                   = PRIORITY
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    destination_port_range     = "8889"
    source_address_prefix      = "*"
  }
}
resource "azurerm_network_interface" "i" {
  name = "i"
  ip_configuration {
    subnet_id            = azurerm_subnet.s.id
    public_ip_address_id = azurerm_public_ip.p.id
  }
}
resource "azurerm_network_interface_security_group_association" "g" {
  network_interface_id      = azurerm_network_interface.i.id
  network_security_group_id = azurerm_network_security_group.g.id
}
resource "azurerm_linux_virtual_machine" "box" {
  name                  = "box"
  size                  = "Standard_NC6s_v3"
  network_interface_ids = [azurerm_network_interface.i.id]
}
"""


def box(estate: Estate) -> Asset:
    return next(a for a in estate.assets if a.name.text() == "box")


def opened(estate: Estate) -> tuple[object, bool]:
    flow = Reach(estate).from_internet(box(estate))
    assert flow is not None
    return tcp_ports(flow.sure).spans, bool(flow.perhaps - flow.sure)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (GOOGLE, (((8888, 8889),), False)),
        (GOOGLE.replace("    access_config {}\n", ""), ((), False)),
        (GOOGLE.replace('["0.0.0.0/0"]', '["198.51.100.0/24"]'), ((), False)),
        (GOOGLE.replace("  allow {", '  target_tags = ["lab"]\n  allow {'), (((8888, 8889),), False)),
        (GOOGLE.replace("  allow {", '  target_tags = ["web"]\n  allow {'), ((), False)),
        (GOOGLE + DENIAL.replace("PRIORITY", "900"), (((8888, 8888),), False)),
        (GOOGLE + DENIAL.replace("PRIORITY", "1000"), (((8888, 8888),), False)),
        (GOOGLE + DENIAL.replace("PRIORITY", "1100"), (((8888, 8889),), False)),
    ],
    ids=[
        "open",
        "no address",
        "a partner",
        "its tag",
        "another tag",
        "denied before",
        "denied at once",
        "denied after",
    ],
)
def test_google(text: str, answer: object, estate: Maker) -> None:
    assert opened(estate(text)) == answer


@pytest.mark.parametrize(
    ("source", "priority", "answer"),
    [
        ("Internet", "300", (((8888, 8889),), False)),
        ("*", "100", (((8888, 8888),), False)),
        ("VirtualNetwork", "300", ((), False)),
        ("198.51.100.0/24", "300", ((), False)),
    ],
    ids=["a denial comes too late", "a denial comes first", "from inside", "a partner"],
)
def test_azure(source: str, priority: str, answer: object, estate: Maker) -> None:
    assert opened(estate(AZURE.replace("SOURCE", source).replace("PRIORITY", priority))) == answer


def test_google_machines_of_one_network_are_told_apart_by_their_tags(estate: Maker) -> None:
    machine = """
        resource "google_compute_instance" "NAME" {
          name         = "NAME"
          machine_type = "e2-small"
          tags         = TAGS
          network_interface { network = google_compute_network.n.id }
        }
    """
    text = """
        resource "google_compute_network" "n" { name = "n" }
        resource "google_compute_firewall" "in" {
          name        = "in"
          network     = google_compute_network.n.id
          source_tags = ["lab"]
          target_tags = ["open"]
          allow {
            protocol = "tcp"
            ports    = ["8888"]
          }
        }
    """
    told = (("lab", '["lab"]'), ("open", '["open"]'), ("shut", '["shut"]'))
    found = estate(text + "".join(machine.replace("NAME", name).replace("TAGS", tags) for name, tags in told))
    box = {asset.name.text(): asset for asset in found.assets if asset.name.text() in ("lab", "open", "shut")}
    reach = Reach(found)
    for name, ports in (("open", ((8888, 8888),)), ("shut", ()), ("open", ((8888, 8888),))):
        flow = reach.between(box["lab"], box[name])
        assert flow is not None
        assert tcp_ports(flow.sure).spans == ports, name
