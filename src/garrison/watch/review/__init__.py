"""The daily review of logs (PCI DSS 10.4, ISO 27002 8.15, NIST SP 800-53 AU-6): what is new, seldom, loud or silent, as one report."""
