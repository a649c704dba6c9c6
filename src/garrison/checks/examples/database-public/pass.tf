resource "aws_db_instance" "features" {
  identifier                  = "fraud-features"
  engine                      = "postgres"
  instance_class              = "db.m6g.large"
  allocated_storage           = 100
  username                    = "features"
  manage_master_user_password = true
  publicly_accessible         = false
}
