resource "aws_db_instance" "features" {
  identifier        = "fraud-features"
  engine            = "postgres"
  instance_class    = "db.m6g.large"
  allocated_storage = 100
  username          = "features"
  password          = "Fr4ud-Features-2026"
}
