resource "aws_glue_connection" "payments" {
  name = "payments"
  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://payments.internal:5432/payments"
    JDBC_ENFORCE_SSL    = "true"
    SECRET_ID           = "fraud/payments-reader"
  }
}
