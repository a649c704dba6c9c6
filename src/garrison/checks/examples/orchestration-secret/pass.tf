resource "aws_sfn_state_machine" "retrain" {
  name     = "retrain"
  role_arn = aws_iam_role.retrain.arn
  definition = jsonencode({
    StartAt = "Train"
    States = {
      Train = {
        Type     = "Task"
        Resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
        Parameters = {
          Environment = {
            WANDB_KEY_NAME = "fraud/wandb"
          }
        }
        End = true
      }
    }
  })
}
