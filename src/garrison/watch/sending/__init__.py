"""Handing over to others what routes tell and exports carry.

http.py     one request, over HTTPS
syslog.py   frames, over TLS or TCP
secret.py   what proves who sends, and who may receive
"""
