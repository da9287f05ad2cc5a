"""Makes a bucket on an S3 server that has none yet, and waits for the server to be there; harmless where it exists.

Vigie itself never makes buckets: with a cloud's own store that is the owner's decision. Standard library only.

    AWS_ENDPOINT_URL_S3=http://store:8333 AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… python make_bucket.py NAME
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
import time
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

_PATIENCE = 60.0
_NOTHING = hashlib.sha256(b"").hexdigest()


def signed(method: str, path: str, host: str, now: datetime) -> dict[str, str]:
    """Return the headers of a request without a body, signed as S3 asks for (AWS Signature Version 4)."""
    stamp, region = now.strftime("%Y%m%dT%H%M%SZ"), os.environ.get("AWS_REGION") or "us-east-1"
    headers = {"host": host, "x-amz-content-sha256": _NOTHING, "x-amz-date": stamp}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"{method}\n{path}\n\n{lines}\n{names}\n{_NOTHING}"
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": authorization}


def make(endpoint: str, bucket: str) -> int:
    """Create a bucket and return the HTTP status: 200 where it is new, 409 where it exists."""
    url = urlsplit(endpoint)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.netloc, timeout=10)
    try:
        connection.request(
            "PUT", f"/{bucket}", headers=signed("PUT", f"/{bucket}", url.netloc, datetime.now(UTC))
        )
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> None:
    """Asks until the server answers, or for a minute."""
    deadline, status = time.monotonic() + _PATIENCE, 0
    while True:
        try:
            status = make(os.environ["AWS_ENDPOINT_URL_S3"], sys.argv[1])
        except (OSError, HTTPException):
            status = 0
        if status in {200, 409}:
            return
        if time.monotonic() > deadline or 400 <= status < 500:
            sys.exit(f"make_bucket: the store answered {status or 'nothing'}")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
