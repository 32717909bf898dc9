"""A bucket on this machine: as much of the S3 API as a store needs, in memory. Run as a script, it prints its port.

Signatures are not looked at. A PUT that must not replace anything (If-None-Match) is atomic, as in the real one.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "bucket"
LOCK = Lock()
OBJECTS: dict[str, bytes] = {}
PARTS: dict[str, dict[int, bytes]] = {}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Nothing is said."""

    def do_GET(self) -> None:
        """An object or a part of it, or a list of objects."""
        key, query = self._asked()
        if key is None:
            return
        if not key:
            self._list(query)
        elif key not in OBJECTS:
            self._answer(404, "<Error><Code>NoSuchKey</Code></Error>")
        else:
            content, span = OBJECTS[key], self.headers.get("Range")
            first, _, last = (span or "bytes=0-").removeprefix("bytes=").partition("-")
            start = int(first) if first else len(content) - int(last)
            end = min(int(last) + 1 if first and last else len(content), len(content))
            told = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"} if span else {}
            self._answer(206 if span else 200, content[start:end], **told)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        """An object, or a part of a large one."""
        key, query = self._asked()
        if key is None:
            return
        content = self._body()
        if "uploadId" in query:
            PARTS[query["uploadId"][0]][int(query["partNumber"][0])] = content
            self._answer(200)
            return
        with LOCK:
            taken = key in OBJECTS and self.headers.get("If-None-Match") == "*"
            if not taken:
                OBJECTS[key] = content
        self._answer(412 if taken else 200, "<Error><Code>PreconditionFailed</Code></Error>" if taken else "")

    def do_POST(self) -> None:
        """Begin or end a large object, or delete several."""
        key, query = self._asked()
        if key is None:
            return
        body = self._body().decode()
        if "uploads" in query:
            upload = f"{len(PARTS)}"
            PARTS[upload] = {}
            self._answer(
                200, f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            )
        elif "uploadId" in query:
            parts = PARTS[query["uploadId"][0]]
            OBJECTS[key] = b"".join(parts[number] for number in sorted(parts))
            self._answer(200, '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>')
        else:
            for each in body.split("<Key>")[1:]:
                OBJECTS.pop(each.partition("</Key>")[0], None)
            self._answer(200, "<DeleteResult></DeleteResult>")

    def do_DELETE(self) -> None:
        """One object less."""
        key, _ = self._asked()
        if key is not None:
            OBJECTS.pop(key, None)
            self._answer(204)

    def _asked(self) -> tuple[str | None, dict[str, list[str]]]:
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if bucket != BUCKET:
            self._body()
            self._answer(404, "<Error><Code>NoSuchBucket</Code></Error>")
            return None, {}
        return key, parse_qs(url.query, keep_blank_values=True)

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix, after = query.get("prefix", [""])[0], query.get("start-after", [""])[0]
        found = sorted(key for key in OBJECTS if key.startswith(prefix) and key > after)
        folders: list[str] = []
        if "delimiter" in query:
            deep = [key for key in found if "/" in key[len(prefix) :]]
            folders = sorted({prefix + key[len(prefix) :].partition("/")[0] + "/" for key in deep})
            found = [key for key in found if key not in deep]
        told = [
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f'<ETag>"e"</ETag><Size>{len(OBJECTS[key])}</Size></Contents>'
            for key in found
        ]
        told += [f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders]
        self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(told)}</ListBucketResult>")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, content: str | bytes = b"", **headers: str) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        told = {"ETag": '"e"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Content-Length": str(len(body))}
        for name, value in (told | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()
