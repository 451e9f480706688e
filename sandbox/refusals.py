"""Says no in the shape of the route: one for completions and models, two for the administrative routes."""

from collections.abc import Mapping
from typing import Any, Literal

from starlette.responses import Response

from sandbox.wire import json_bytes

BodyShape = Literal["error", "message"]
"""How an administrative route refuses: `{"error", "details"}`, or in the form of a success, without data."""
COMPLETION_PATHS = ("/v1/chat/completions", "/api/v1/chat/completions")

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}


class Refusal(Exception):
    """Ends a request with a status and a sentence; `retry_after` is in seconds or an HTTP date."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.retry_after = retry_after

    @property
    def kind(self) -> str:
        """Names the error's `type` as the completion routes do."""
        return _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")

    @property
    def headers(self) -> dict[str, str]:
        """Gives the headers that belong to the refusal."""
        headers = {"www-authenticate": "Bearer"} if self.status == 401 else {}
        if self.retry_after is not None:
            wait = self.retry_after
            headers["retry-after"] = wait if isinstance(wait, str) else f"{wait:g}"
        return headers


def is_administrative(path: str) -> bool:
    """Tells whether a path answers with the administrative envelope."""
    return path.startswith(("/api/", "/sandbox")) and path not in COMPLETION_PATHS


def error_body(path: str, refusal: Refusal, shape: BodyShape = "error") -> Mapping[str, Any]:
    """Builds the error of a refusal in the shape that the path's clients expect."""
    if is_administrative(path):
        if shape == "message":
            return {"message": refusal.message, "data": None}
        return {"error": refusal.message, "details": None}
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.kind,
            "param": refusal.param,
            "code": refusal.code,
        }
    }


def refuse(path: str, refusal: Refusal, shape: BodyShape = "error") -> Response:
    """Answers a request on `path` with the refusal."""
    return Response(
        json_bytes(error_body(path, refusal, shape)),
        status_code=refusal.status,
        headers=refusal.headers,
        media_type="application/json",
    )
