"""What happened, in one form whoever told it: a call, a login, an inference, a process, a connection.

The words are OCSF's (https://schema.ocsf.io); the form is flat, so that events become columns without a detour.
"""
