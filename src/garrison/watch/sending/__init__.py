"""Handing over to others what routes tell and exports carry.

http.py     one request, over HTTPS
signing.py  webhooks that are signed
syslog.py   frames, over TLS or TCP
secret.py   what proves who sends, and who may receive
"""
