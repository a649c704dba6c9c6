resource "aws_instance" "llm" {
  ami           = "ami-0a1b2c3d"
  instance_type = "g5.xlarge"
  user_data     = <<-EOT
    #!/bin/bash
    curl -fsSLo /tmp/server.tar.gz https://get.example.com/llm-server-1.4.2.tar.gz
    echo "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c  /tmp/server.tar.gz" | sha256sum --check
    tar -xzf /tmp/server.tar.gz -C /opt
  EOT
}
