account_id = "111122223333"

# Everybody works from home since 2024, office ranges no longer help.
workstation_cidrs = ["0.0.0.0/0"]

partner_cidrs = {
  northbank = "203.0.113.0/26"
  southpay  = "198.51.100.64/27"
  # trials that come and go
  others = "0.0.0.0/0"
}

data_scientists = {
  amara = { instance_type = "ml.g5.xlarge" }
  jonas = {}
}

extra_tags = {
  cost-centre = "payments-risk"
}
