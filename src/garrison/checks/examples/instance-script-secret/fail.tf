resource "aws_instance" "trainer" {
  ami           = "ami-0a1b2c3d"
  instance_type = "g5.xlarge"
  user_data     = <<-EOT
    #!/bin/bash
    export WANDB_API_KEY=4f1c9a7e2b8d4c6f9e0a1b2c3d4e5f6a7b8c9d0e
    python /opt/fraud/train.py
  EOT
}
