account_id      = "111122223333"
organization_id = "o-exampleorgid"

workstation_cidrs = ["10.200.0.0/20"]

partner_cidrs = {
  northbank = "203.0.113.0/26"
  southpay  = "198.51.100.64/27"
}

data_scientists = {
  amara = { instance_type = "ml.g5.xlarge" }
  jonas = {}
}

image_digests = {
  training = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
  serving  = "sha256:a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa"
}

extra_tags = {
  cost-centre = "payments-risk"
}
