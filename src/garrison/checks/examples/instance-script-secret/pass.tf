resource "aws_instance" "trainer" {
  ami           = "ami-0a1b2c3d"
  instance_type = "g5.xlarge"
  user_data     = <<-EOT
    #!/bin/bash
    export WANDB_API_KEY=$(aws secretsmanager get-secret-value --secret-id wandb --query SecretString --output text)
    python /opt/fraud/train.py
  EOT
}
