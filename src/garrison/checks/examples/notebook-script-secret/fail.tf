resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "fraud" {
  name = "fraud-tools"
  on_start = base64encode(<<-EOT
    #!/bin/bash
    export WANDB_API_KEY=4f7d1c9b2a8e6350d1c4b7a89e2f6d3c5b8a1e07
  EOT
  )
}
