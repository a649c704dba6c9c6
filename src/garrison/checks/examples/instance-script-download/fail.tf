resource "aws_instance" "llm" {
  ami           = "ami-0a1b2c3d"
  instance_type = "g5.xlarge"
  user_data     = <<-EOT
    #!/bin/bash
    curl -fsSL https://get.example.com/llm-server.sh | sh
  EOT
}
