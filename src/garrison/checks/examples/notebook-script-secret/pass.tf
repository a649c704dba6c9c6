resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "fraud" {
  name = "fraud-tools"
  on_start = base64encode(<<-EOT
    #!/bin/bash
    export WANDB_API_KEY=$(aws secretsmanager get-secret-value --secret-id wandb --query SecretString --output text)
  EOT
  )
}
