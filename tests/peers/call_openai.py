"""Call a server of OpenAI's protocol with openai, and print what the user of it sees, as JSON.

Usage: call_openai.py BASE_URL chat|stream|completions|embeddings|models MODEL [KEY [HEADER=VALUE ...]]
The environment variable GARRISON_CA names a file of certificates to trust.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
from typing import Any

import openai

SAID = "say this"


def main(base: str, action: str, model: str, key: str, headers: dict[str, str]) -> Any:
    """The outcome under `ok`, or the error's `status`, `kind` and `message`."""
    trust = ssl.create_default_context(cafile=os.environ.get("GARRISON_CA"))
    http = openai.DefaultHttpxClient(verify=trust)
    client = openai.OpenAI(base_url=base, api_key=key, default_headers=headers, max_retries=0, http_client=http)
    try:
        return {"ok": call(client, action, model)}
    except openai.APIStatusError as error:
        kind = type(error).__name__
        return {"status": error.status_code, "kind": kind, "code": error.code, "message": error.message}


def call(client: openai.OpenAI, action: str, model: str) -> Any:
    """Do one thing and return what it says."""
    if action == "chat":
        answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": SAID}])
        return answer.choices[0].message.content
    if action == "stream":
        pieces = client.chat.completions.create(model=model, messages=[{"role": "user", "content": SAID}], stream=True)
        return [piece.choices[0].delta.content for piece in pieces]
    if action == "completions":
        return client.completions.create(model=model, prompt=SAID).choices[0].text
    if action == "embeddings":
        return client.embeddings.create(model=model, input=SAID, encoding_format="float").data[0].embedding
    return [told.id for told in client.models.list()]


if __name__ == "__main__":
    base, action, model, *given = sys.argv[1:]
    key, *headers = given or ["key"]
    print(json.dumps(main(base, action, model, key, dict(header.split("=", 1) for header in headers))))
