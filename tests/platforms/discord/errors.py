"""Discord's error answers: `{code, message, errors?}` with an HTTP status."""

from typing import Any


class ApiError(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    return ApiError(404, 0, "404: Not Found")


def unknown_channel() -> ApiError:
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    return ApiError(404, 10004, "Unknown Guild")


def unknown_message() -> ApiError:
    return ApiError(404, 10008, "Unknown Message")


def unknown_user() -> ApiError:
    return ApiError(404, 10013, "Unknown User")


def unknown_webhook() -> ApiError:
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    return ApiError(404, 10062, "Unknown interaction")


def missing_access() -> ApiError:
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def no_direct_messages() -> ApiError:
    return ApiError(403, 50007, "Cannot send messages to this user")


def not_the_author() -> ApiError:
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    return ApiError(400, 50006, "Cannot send an empty message")


def thread_archived() -> ApiError:
    return ApiError(400, 50083, "Thread is archived")


def thread_locked() -> ApiError:
    return ApiError(400, 160005, "Thread is locked")


def too_large() -> ApiError:
    return ApiError(413, 40005, "Request entity too large")


def wrong_channel_kind() -> ApiError:
    return ApiError(400, 50024, "Cannot execute action on this channel type")


def invalid_form(field: str, reason: str, code: str = "BASE_TYPE_BAD_VALUE") -> ApiError:
    """Makes a 50035 that names the field; dots lead into nested fields."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": reason}]}
    for part in reversed(field.split(".")):
        errors = {part: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors)
